//! The browser on Windows: `rundll32.exe` gets the URL as one argument, and none of our variables.
//!
//! This program tests copies of itself. One copy opens a URL. The other is called `rundll32.exe`, and records how it was
//! started: Windows looks for a program first in the folder of the program that starts it.
#![cfg_attr(
    windows,
    expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test with a child process")
)]

/// Does nothing on other systems. `tests/it/browser.rs` is the test for them.
#[cfg(not(windows))]
fn main() {}

#[cfg(windows)]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(windows::OPEN) => windows::open(),
        Some("url.dll,FileProtocolHandler") => windows::record(&arguments),
        _ => windows::test(),
    }
}

#[cfg(windows)]
mod windows {
    use std::{
        env, fs,
        process::Command,
        thread,
        time::{Duration, Instant},
    };

    use openrouter_oauth::Client;
    use openrouter_oauth_login::{Browser as _, SystemBrowser};

    /// The argument of the first copy. No filter of `cargo test` looks like it.
    pub(super) const OPEN: &str = "--open-a-url";
    /// The file in which the second copy records its start, next to that copy.
    const RECORD: &str = "record";

    pub(super) fn test() {
        let folder = tempfile::tempdir().unwrap();
        let copies = ["program.exe", "rundll32.exe"].map(|name| folder.path().join(name));
        for copy in &copies {
            fs::copy(env::current_exe().unwrap(), copy).unwrap();
        }
        let mut program = Command::new(&copies[0]);
        program.arg(OPEN).env("OPENROUTER_API_KEY", "canary").env("openrouter_code", "canary");
        program.env("BROWSER", "no-such-browser");
        let opened = program.output().unwrap();
        assert!(opened.status.success(), "{opened:?}");

        let url = String::from_utf8(opened.stdout).unwrap();
        let expected = format!("url.dll,FileProtocolHandler\n{url}");
        let record = || fs::read_to_string(folder.path().join(RECORD)).unwrap_or_default();
        // The program does not wait for a browser that takes longer than two seconds to start.
        let start = Instant::now();
        while record() != expected && start.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(record(), expected);
    }

    /// Opens the URL of a sign-in whose label has characters that shells treat specially, and prints the URL.
    pub(super) fn open() {
        let label = r#"x & echo | "canary" ^ %PATH% 'é'"#;
        let (url, _sign_in) = Client::new().authorize_headless().key_label(label).begin().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(SystemBrowser::new().open(&url)).unwrap();
        print!("{url}");
    }

    /// Records the arguments, and the variables that a browser must not get.
    pub(super) fn record(arguments: &[String]) {
        let ours = env::vars().filter(|(name, _)| name.to_ascii_uppercase().starts_with("OPENROUTER_"));
        let lines: Vec<_> = arguments.iter().cloned().chain(ours.map(|(name, _)| name)).collect();
        fs::write(env::current_exe().unwrap().with_file_name(RECORD), lines.join("\n")).unwrap();
    }
}
