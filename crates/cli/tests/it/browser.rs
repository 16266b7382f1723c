//! The variable `BROWSER`, which only Unix has. The browsers are shell scripts.

use std::{fs, path::Path, process::Command};

use openrouter_oauth_emulator::User;
use tempfile::TempDir;

use crate::{
    support::{Finished, block_on, serve},
    user::{Home, get, outcome},
    wait::wait_until,
};

/// Creates an executable shell script in a folder with spaces. Another process writes it, because executing a file just
/// written fails if another test starts a process at that moment.
fn script(folder: &TempDir, script: &str) -> String {
    let path = folder.path().join("Program Files/Mozilla Firefox/fire fox.exe");
    let source = folder.path().join("source");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&source, format!("#!/bin/sh\n{script}\n")).unwrap();
    let installed = Command::new("install").args(["-m", "755"]).args([&source, &path]).status().unwrap();
    assert!(installed.success());
    path.to_str().unwrap().to_owned()
}

#[test]
fn login_opens_a_browser_whose_path_has_spaces() {
    let folder = TempDir::new().unwrap();
    let browser = script(&folder, "printf '%s\\n' \"$@\" >> \"${0%/*}/record\"");
    let record = Path::new(&browser).with_file_name("record");
    let read = || fs::read_to_string(&record).unwrap_or_default();
    for (browser, arguments) in [(browser.clone(), ""), (format!("'{browser}' -n \"a b\""), "-n\na b\n")] {
        let (served, home) = (serve(), Home::new());
        let mut login = home.program(&["login", "--timeout", "60", "--server", &served.url]);
        let login = login.env("BROWSER", &browser).spawn().unwrap();
        wait_until(|| read().contains("/auth?") && read().ends_with('\n'));
        let recorded = read();
        fs::remove_file(&record).unwrap();
        let url = recorded.strip_prefix(arguments).unwrap().trim_end();
        get(&outcome(block_on(User::new(served.emulator.clone()).approve(url, None))));
        let signed_in = Finished::from_output(login.wait_with_output().unwrap());
        assert_eq!(signed_in.status, Some(0), "{signed_in:?}");
        assert!(!signed_in.stderr.contains("No browser"), "{signed_in:?}");
    }
}

#[test]
fn login_names_the_missing_browser() {
    let (served, home) = (serve(), Home::new());
    let login = &["login", "--timeout", "3", "--server", &served.url];
    for (browser, program) in [
        ("/nowhere/fire fox.exe", "\"/nowhere/fire\""),
        ("'/nowhere/fire fox.exe' -n", "\"/nowhere/fire fox.exe\""),
        ("/nowhere/\u{1b}[31m", "\"/nowhere/\\u{1b}[31m\""),
    ] {
        let over = home.run_with(login, &[("BROWSER", browser)]);
        assert_eq!(over.status, Some(8), "{over:?}");
        let message = format!("No browser was opened: BROWSER names {program}, which was not found; ");
        assert!(over.stderr.contains(&message), "{over:?}");
    }
}

#[test]
fn existing_browser_without_its_interpreter_is_not_missing() {
    let (served, home, folder) = (serve(), Home::new(), TempDir::new().unwrap());
    let browser = script(&folder, "");
    let broken = fs::read_to_string(&browser).unwrap().replace("/bin/sh", "/nowhere/sh");
    fs::write(&browser, broken).unwrap();
    let login = &["login", "--timeout", "1", "--server", &served.url];
    let over = home.run_with(login, &[("BROWSER", &browser)]);
    assert_eq!(over.status, Some(8), "{over:?}");
    assert!(over.stderr.contains("No browser was opened: "), "{over:?}");
    assert!(!over.stderr.contains("was not found"), "{over:?}");
}
