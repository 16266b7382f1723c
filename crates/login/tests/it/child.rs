//! This test program again, as a child process that runs one step of a login with its own environment and terminal.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener as StdListener, TcpStream as StdStream},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use openrouter_oauth::{AuthorizeUrl, Client, HeadlessSignIn, KeyLabel};
use openrouter_oauth_login::{
    Browser as _, Headless, Prompt, SignInInstructions, SystemBrowser, TerminalPrompt, default_key_label,
};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

/// Set to the step that the child runs.
const STEP: &str = "TEST_STEP";
/// The prefix of each report line, to find it in the output of the test harness.
const REPORT: &str = "REPORT ";

/// Runs one step and reports, as a child of other tests. Without its variable, it does nothing.
#[tokio::test]
async fn child() {
    let Ok(step) = env::var(STEP) else { return };
    let (step, argument) = step.split_once(' ').unwrap_or((&step, ""));
    match step {
        "ask" => ask(&TerminalPrompt::new()).await,
        "ask-twice" => {
            ask(&TerminalPrompt::new()).await;
            ask(&TerminalPrompt::new()).await;
        }
        "ask-until-ctrl-c" => ask_until_ctrl_c(&TerminalPrompt::new()).await,
        "ask-stdin" => {
            let prompt = TerminalPrompt::stdin();
            for _ in 0..3 {
                ask(&prompt).await;
            }
        }
        "ask-both" => {
            let (first, second) = (TerminalPrompt::new(), TerminalPrompt::new());
            tokio::join!(ask(&first), ask(&second));
        }
        "race" => race(&TerminalPrompt::new()).await,
        "race-stdin" => race(&TerminalPrompt::stdin()).await,
        "show" => show(&TerminalPrompt::new(), argument, true),
        "show-loopback" => show(&TerminalPrompt::new(), argument, false),
        "show-stdin" => show(&TerminalPrompt::stdin(), argument, true),
        "headless" => headless(),
        "open" => open(argument.parse().unwrap()).await,
        step => panic!("{step}"),
    }
    // Reads the line that a shell would read next, including input that was left in the terminal.
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    report("line", read.map_or("none", |_| line.trim_end()));
}

fn report(what: &str, detail: &str) {
    println!("{REPORT}{what} {detail}");
}

async fn ask(prompt: &dyn Prompt) {
    match prompt.ask(Some("that was \u{1b}[31mwrong")).await {
        Ok(pasted) => report("pasted", pasted.expose()),
        Err(error) => report("failed", &error.to_string()),
    }
}

async fn ask_until_ctrl_c(prompt: &TerminalPrompt) {
    tokio::select! {
        // Watch for Ctrl-C before showing the question.
        biased;
        interrupted = tokio::signal::ctrl_c() => report("interrupted", &format!("{interrupted:?}")),
        () = ask(prompt) => {}
    }
}

/// Races a prompt against the callback of a browser.
async fn race(prompt: &TerminalPrompt) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    report("port", &listener.local_addr().unwrap().port().to_string());
    tokio::select! {
        _ = prompt.ask(None) => report("prompt", ""),
        callback = listener.accept() => {
            callback.unwrap().0.read_u8().await.unwrap();
        }
    }
    report("returned", "");
}

fn show(prompt: &TerminalPrompt, label: &str, is_headless: bool) {
    let (url, _pending) = sign_in(label);
    prompt.show(&SignInInstructions::new(&url, &KeyLabel::parse(label).unwrap(), is_headless));
    report("url", url.as_str());
}

fn headless() {
    let headless = Headless::detect();
    report(
        "headless",
        &format!("{headless:?} {}", headless.map(|reason| reason.to_string()).unwrap_or_default()),
    );
    report("label", default_key_label("my-cli").unwrap().as_str());
}

/// Opens the URLs of `count` hostile labels while a port is open.
async fn open(count: usize) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    for label in hostile_labels().take(count) {
        let (url, _pending) = sign_in(&label);
        report("url", url.as_str());
        let opened = SystemBrowser::new().open(&url).await;
        report("opened", &format!("{opened:?}"));
    }
    drop(listener);
}

fn sign_in(label: &str) -> (AuthorizeUrl, HeadlessSignIn) {
    Client::new().authorize_headless().key_label(label).begin().unwrap()
}

/// Returns labels with characters that are special to shells, terminals and `BROWSER`.
fn hostile_labels() -> impl Iterator<Item = String> {
    const PIECES: [&str; 32] = [
        "%s",
        "$(touch hacked)",
        "`touch hacked`",
        ";",
        "&",
        "&&",
        "|",
        "'",
        "\"",
        "\\",
        " ",
        "-n",
        "--",
        "=",
        ":",
        "#",
        "?",
        "*",
        "~",
        "{a,b}",
        "<",
        ">",
        "(",
        "!",
        "$IFS",
        "${PATH}",
        "%25s",
        "é",
        "🦀",
        "\u{200d}",
        "\u{a0}",
        "a",
    ];
    (1_usize..).map(|number| {
        // Each number gives a different sequence of pieces. Consecutive numbers seldom give the same first piece.
        let mut rest = number.wrapping_mul(2_654_435_761);
        let mut label = String::from("x");
        while rest > 0 && label.chars().count() < 80 {
            label.push_str(PIECES[rest % PIECES.len()]);
            rest /= PIECES.len();
        }
        label
    })
}

/// Returns the command for a child that runs `step`, without the environment variables that affect a login.
pub(crate) fn command(step: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["child::child", "--exact", "--nocapture"]).env(STEP, step);
    for name in ["BROWSER", "NO_COLOR", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm");
    command
}

/// A running child. Dropping it kills the child.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        Self { process, stdout }
    }

    /// Returns the child's next report, which must be named `what`.
    #[track_caller]
    pub(crate) fn expect(&mut self, what: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(
                self.stdout.read_line(&mut line).unwrap() > 0,
                "the child ended without reporting {what}"
            );
            // The test harness prints the beginning of the first line.
            if let Some((_, report)) = line.split_once(REPORT) {
                let (found, detail) = report.split_once(' ').unwrap();
                assert_eq!(found, what, "{detail}");
                return detail.trim_end_matches('\n').to_owned();
            }
        }
    }

    /// Returns the child's standard input, which must be a pipe.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.process.stdin.take().unwrap()
    }

    /// Waits until the child succeeds, and returns the rest of its output.
    #[track_caller]
    pub(crate) fn finish(mut self) -> String {
        drop(self.process.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(self.process.wait().unwrap().success(), "{rest}");
        rest
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Connects as a browser that returns from OpenRouter.
pub(crate) fn send_callback(port: u16) {
    StdStream::connect(("127.0.0.1", port)).unwrap().write_all(b"!").unwrap();
}
