//! Starts the browser of this machine.

use std::{
    env,
    io::ErrorKind,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use openrouter_oauth::AuthorizeUrl;
use tokio::{sync::oneshot, time};

use crate::browser::{Browser, BrowserError, BrowserFuture};

/// The browser of this machine.
///
/// On Unix, the variable `BROWSER` can list programs, separated by colons. Each entry is a program and its arguments,
/// separated by spaces. `%s` stands for the URL; without it, the URL is the last argument. There is no shell and no
/// quoting. If `BROWSER` names a program, no other program is tried. Otherwise, and on other systems, the system's link
/// opener is used: `xdg-open` or `gio open`, `open` on macOS, `url.dll` on Windows, and `wslview` or `url.dll` under
/// WSL.
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
        let openers = openers(browser.as_deref(), env::var_os("WSL_DISTRO_NAME").is_some());
        let commands = openers.iter().map(|opener| opener.command(url)).collect();
        Box::pin(start(commands))
    }
}

/// A program that runs this long is assumed to show the page.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the commands one after another on a separate thread. Waiting for a process needs either a blocked thread or a
/// signal handler, which would affect the rest of the program.
async fn start(commands: Vec<Command>) -> Result<(), BrowserError> {
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
    commands: Vec<Command>,
    caller: &oneshot::Sender<Result<(), BrowserError>>,
) -> Result<(), BrowserError> {
    let mut result = Err(BrowserError::Missing);
    for mut command in commands {
        if caller.is_closed() {
            break;
        }
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => result = Err(BrowserError::Failed { status: status.code() }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => result = Err(BrowserError::Start(error)),
        }
    }
    result
}

/// A program that opens a URL.
#[derive(Debug, Eq, PartialEq)]
struct Opener<'a> {
    program: &'a str,
    /// `%s` stands for the URL.
    arguments: Vec<&'a str>,
}

/// Returns the programs to try, in order.
fn openers(browser: Option<&str>, is_wsl: bool) -> Vec<Opener<'_>> {
    if cfg!(windows) {
        // Not `cmd /c start`, which is a shell.
        return Opener::parse_all(&["rundll32.exe url.dll,FileProtocolHandler"]);
    }
    let chosen: Vec<_> =
        browser.into_iter().flat_map(|list| list.split(':')).filter_map(Opener::parse).collect();
    if !chosen.is_empty() {
        return chosen;
    }
    if cfg!(target_vendor = "apple") {
        return Opener::parse_all(&["/usr/bin/open"]);
    }
    let mut openers = Opener::parse_all(&["xdg-open", "gio open"]);
    if is_wsl {
        openers.splice(..0, Opener::parse_all(&["wslview", "rundll32.exe url.dll,FileProtocolHandler"]));
    }
    openers
}

impl<'a> Opener<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        Some(Self { program: words.next()?, arguments: words.collect() })
    }

    fn parse_all(lines: &[&'a str]) -> Vec<Self> {
        lines.iter().copied().filter_map(Self::parse).collect()
    }

    /// Returns the command for this URL. The URL begins with its scheme, so it cannot be mistaken for an option.
    fn command(&self, url: &AuthorizeUrl) -> Command {
        let mut command = Command::new(self.program);
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
        command
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(browser: Option<&str>, is_wsl: bool, expected: &[(&str, &[&str])]) {
        let expected =
            expected.iter().map(|(program, arguments)| Opener { program, arguments: arguments.to_vec() });
        assert_eq!(openers(browser, is_wsl), expected.collect::<Vec<_>>());
    }

    #[test]
    fn browser_variable_lists_programs_with_arguments() {
        // L-22, F47
        check(Some("firefox"), false, &[("firefox", &[])]);
        check(Some(":a  -n %s: :b --url=%s x:"), true, &[("a", &["-n", "%s"]), ("b", &["--url=%s", "x"])]);
        check(Some("sh -c 'xdg-open \"%s\"'"), false, &[("sh", &["-c", "'xdg-open", "\"%s\"'"])]);
    }

    #[cfg(not(target_vendor = "apple"))]
    #[test]
    fn default_browser_is_the_link_opener() {
        let here: &[(&str, &[&str])] = &[("xdg-open", &[]), ("gio", &["open"])];
        check(None, false, here);
        check(Some(" : "), false, here);
        let windows: &[(&str, &[&str])] =
            &[("wslview", &[]), ("rundll32.exe", &["url.dll,FileProtocolHandler"])];
        check(None, true, &[windows, here].concat());
    }
}
