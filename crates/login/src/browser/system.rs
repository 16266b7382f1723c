//! Starts the browser of this machine.

use std::{
    env,
    io::ErrorKind,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use openrouter_oauth::AuthorizeUrl;
use tokio::{sync::oneshot, time};

use super::words;
use crate::browser::{Browser, BrowserError, BrowserFuture};

/// The browser of this machine.
///
/// On Unix, the variable `BROWSER` can list programs, separated by colons. Each entry is either the path of a file that
/// exists, which may contain spaces, or a program and its arguments, separated by spaces. In the latter case, quotes and
/// backslashes work as in a shell, but no shell runs. `%s` stands for the URL; without it, the URL is the last argument.
/// If `BROWSER` names a program, no other program is tried. Otherwise, and on other systems, the system's link opener is
/// used: `xdg-open` or `gio open`, `open` on macOS, `url.dll` on Windows, and `wslview` or `url.dll` under WSL.
///
/// The started program gets the URL as one argument. It inherits no variable that begins with `OPENROUTER_` and no open
/// file of this process, and the terminal's Ctrl-C does not reach it. If it fails, the next program is tried. A program
/// that still runs after two seconds counts as an open browser. A thread waits for its exit, so it does not become a
/// zombie.
#[derive(Clone, Debug, Default)]
pub struct SystemBrowser(());

impl SystemBrowser {
    /// Creates a browser. It reads the environment each time it opens a URL.
    pub fn new() -> Self {
        Self(())
    }
}

impl Browser for SystemBrowser {
    fn open<'a>(&'a self, url: &'a AuthorizeUrl) -> BrowserFuture<'a> {
        let browser = env::var_os("BROWSER").map(|list| list.to_string_lossy().into_owned());
        let chosen = Opener::parse_list(browser.as_deref().unwrap_or_default(), is_file);
        let openers = openers(chosen, env::var_os("WSL_DISTRO_NAME").is_some());
        let commands = openers.iter().map(|opener| opener.command(url)).collect();
        Box::pin(start(commands))
    }
}

/// Returns whether this is the path of a file that exists. A name without a slash is searched in `PATH`.
fn is_file(path: &str) -> bool {
    path.contains('/') && Path::new(path).is_file()
}

/// A program that runs this long is assumed to show the page.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the commands one after another on a separate thread. Waiting for a process needs either a blocked thread or a
/// signal handler, which would affect the rest of the program.
async fn start(commands: Vec<(Command, Source)>) -> Result<(), BrowserError> {
    let (send_result, result) = oneshot::channel();
    let run = move || {
        let result = run_first(commands, &send_result);
        // The caller may have stopped waiting.
        let _ = send_result.send(result);
    };
    thread::Builder::new().name("browser".into()).spawn(run).map_err(BrowserError::Start)?;
    match time::timeout(START_TIMEOUT, result).await {
        Ok(Ok(result)) => result,
        // The thread always sends a result, unless it panics.
        Ok(Err(_)) => Err(BrowserError::Missing),
        Err(_) => Ok(()),
    }
}

/// Runs each command until one succeeds, or the caller stops waiting.
fn run_first(
    commands: Vec<(Command, Source)>,
    caller: &oneshot::Sender<Result<(), BrowserError>>,
) -> Result<(), BrowserError> {
    let mut result = Err(BrowserError::Missing);
    for (mut command, source) in commands {
        if caller.is_closed() {
            break;
        }
        match (command.status(), source) {
            (Ok(status), _) if status.success() => return Ok(()),
            (Ok(status), _) => result = Err(BrowserError::Failed { status: status.code() }),
            (Err(error), Source::Variable)
                if error.kind() == ErrorKind::NotFound
                    && !is_file(&command.get_program().to_string_lossy()) =>
            {
                // A program that was found says more about what went wrong.
                if matches!(result, Err(BrowserError::Missing)) {
                    let program = command.get_program().to_string_lossy().into_owned();
                    result = Err(BrowserError::ProgramMissing { program });
                }
            }
            (Err(error), Source::System) if error.kind() == ErrorKind::NotFound => {}
            (Err(error), _) => result = Err(BrowserError::Start(error)),
        }
    }
    result
}

/// Where the name of a program comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    /// `BROWSER`.
    Variable,
    /// This file.
    System,
}

/// A program that opens a URL.
#[derive(Debug, Eq, PartialEq)]
struct Opener {
    program: String,
    /// `%s` stands for the URL.
    arguments: Vec<String>,
    source: Source,
}

/// Returns the programs to try, in order. `chosen` are those that the user has set.
fn openers(chosen: Vec<Opener>, is_wsl: bool) -> Vec<Opener> {
    let system =
        |lines: &[&str]| lines.iter().filter_map(|line| Opener::parse(line, Source::System)).collect();
    if cfg!(windows) {
        // Not `cmd /c start`, which is a shell.
        return system(&["rundll32.exe url.dll,FileProtocolHandler"]);
    }
    if !chosen.is_empty() {
        return chosen;
    }
    if cfg!(target_vendor = "apple") {
        return system(&["/usr/bin/open"]);
    }
    if is_wsl {
        return system(&["wslview", "rundll32.exe url.dll,FileProtocolHandler", "xdg-open", "gio open"]);
    }
    system(&["xdg-open", "gio open"])
}

impl Opener {
    /// Parses the value of `BROWSER`.
    fn parse_list(list: &str, is_file: impl Fn(&str) -> bool) -> Vec<Self> {
        let file = |path: &str| {
            is_file(path).then(|| Self {
                program: path.to_owned(),
                arguments: Vec::new(),
                source: Source::Variable,
            })
        };
        if let Some(opener) = file(list) {
            return vec![opener];
        }
        let entries = words::split_entries(list);
        entries
            .filter_map(|entry| file(entry.trim()).or_else(|| Self::parse(entry, Source::Variable)))
            .collect()
    }

    fn parse(line: &str, source: Source) -> Option<Self> {
        let mut words = words::split_words(line).into_iter();
        Some(Self { program: words.next()?, arguments: words.collect(), source })
    }

    /// Returns the command for this URL. The URL begins with its scheme, so it cannot be mistaken for an option.
    fn command(&self, url: &AuthorizeUrl) -> (Command, Source) {
        let mut command = Command::new(&self.program);
        // The arguments are already split, so nothing in the URL can add one.
        command.args(self.arguments.iter().map(|argument| argument.replace("%s", url.as_str())));
        if !self.arguments.iter().any(|argument| argument.contains("%s")) {
            command.arg(url.as_str());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().to_ascii_uppercase().starts_with("OPENROUTER_") {
                command.env_remove(name);
            }
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        (command, self.source)
    }
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn only_the_link_opener_is_started() {
        let opener = Opener {
            program: "rundll32.exe".to_owned(),
            arguments: vec!["url.dll,FileProtocolHandler".to_owned()],
            source: Source::System,
        };
        let chosen = Opener::parse_list("firefox", is_file);
        assert_eq!(openers(chosen, false), [opener]);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(browser: &str, is_wsl: bool, expected: &[(&str, &[&str])]) {
        let is_file = |path: &str| ["/opt/my browser", "/opt/o'neil", "/opt/a:b"].contains(&path);
        let openers = openers(Opener::parse_list(browser, is_file), is_wsl);
        let is_same = |(opener, expected): (&Opener, &(&str, &[&str]))| {
            opener.program == expected.0 && opener.arguments == expected.1
        };
        assert_eq!(openers.len(), expected.len(), "{browser}: {openers:?}");
        assert!(openers.iter().zip(expected).all(is_same), "{browser}: {openers:?}");
    }

    #[test]
    fn browser_variable_lists_programs_with_arguments() {
        // L-22, F47
        check("firefox", false, &[("firefox", &[])]);
        check(":a  -n %s: :b --url=%s x:", true, &[("a", &["-n", "%s"]), ("b", &["--url=%s", "x"])]);
        check("sh -c 'xdg-open \"%s\"'", false, &[("sh", &["-c", "xdg-open \"%s\""])]);
    }

    #[test]
    fn existing_file_is_a_program() {
        for (browser, expected) in [
            ("/opt/my browser", &[("/opt/my browser", &[][..])][..]),
            ("/opt/a:b", &[("/opt/a:b", &[])]),
            (
                "x: /opt/my browser :/opt/my browsers",
                &[("x", &[]), ("/opt/my browser", &[]), ("/opt/my", &["browsers"])],
            ),
            ("/opt/o'neil:b", &[("/opt/o'neil", &[]), ("b", &[])]),
            ("'/opt/my browser' -n:b", &[("/opt/my browser", &["-n"]), ("b", &[])]),
            ("/opt/my\\ browser -n", &[("/opt/my browser", &["-n"])]),
            ("/opt/a\\:b", &[("/opt/a:b", &[])]),
        ] {
            check(browser, false, expected);
        }
    }

    #[test]
    fn name_without_a_slash_is_not_a_file() {
        assert!(is_file("./Cargo.toml") && !is_file("Cargo.toml") && !is_file("./src"));
    }

    #[cfg(not(target_vendor = "apple"))]
    #[test]
    fn default_browser_is_the_link_opener() {
        let here: &[(&str, &[&str])] = &[("xdg-open", &[]), ("gio", &["open"])];
        check("", false, here);
        check(" : ", false, here);
        let windows: &[(&str, &[&str])] =
            &[("wslview", &[]), ("rundll32.exe", &["url.dll,FileProtocolHandler"])];
        check("", true, &[windows, here].concat());
    }
}
