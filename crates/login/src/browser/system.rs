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

/// Starts the browser of this machine.
///
/// On Unix that is what `BROWSER` names: a list separated by colons, each a program and its arguments separated by spaces,
/// with `%s` where the URL goes, or else at the end. There is no shell, and no quoting. Who sets `BROWSER` has chosen:
/// nothing else is tried. Without it, and on other systems, it is what opens links there: `xdg-open` or `gio open`, macOS'
/// `open`, Windows' `url.dll`.
///
/// What is started gets the URL as one argument, no variable that begins with `OPENROUTER_`, no file of this process, and
/// is out of reach of the terminal's Ctrl-C. If it fails, the next is tried; if it is still running after two seconds, it
/// is taken for a browser. A thread waits for its end, so that no zombie is left.
#[derive(Clone, Debug, Default)]
pub struct SystemBrowser(());

impl SystemBrowser {
    /// The browser that the environment names at the time of opening.
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

/// A browser that runs for so long is one that shows the page.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the commands one after the other on a thread of its own, since a process can only be waited for by blocking, or
/// by a handler of signals that would change the program this is part of.
async fn start(commands: Vec<Command>) -> Result<(), BrowserError> {
    let (send_result, result) = oneshot::channel();
    let run = move || {
        let result = run_first(commands, &send_result);
        // Whoever asked may have stopped waiting.
        let _ = send_result.send(result);
    };
    thread::Builder::new().name("browser".into()).spawn(run).map_err(BrowserError::Start)?;
    match time::timeout(START_TIMEOUT, result).await {
        Ok(Ok(result)) => result,
        // The thread cannot end without telling.
        Ok(Err(_)) => Err(BrowserError::Missing),
        Err(_) => Ok(()),
    }
}

/// Runs each until one succeeds, or nobody waits for the result any more.
fn run_first(
    commands: Vec<Command>,
    asked: &oneshot::Sender<Result<(), BrowserError>>,
) -> Result<(), BrowserError> {
    let mut result = Err(BrowserError::Missing);
    for mut command in commands {
        if asked.is_closed() {
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

/// What to try, in this order.
fn openers(browser: Option<&str>, is_wsl: bool) -> Vec<Opener<'_>> {
    if cfg!(windows) {
        // Not `cmd /c start`: that is a shell.
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

    /// What to run for this URL, which begins with its scheme and so cannot be taken for an option.
    fn command(&self, url: &AuthorizeUrl) -> Command {
        let mut command = Command::new(self.program);
        // The words are separate already: nothing in the URL can make one more.
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
