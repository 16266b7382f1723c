//! A program that logs in, or takes a step of it: this one again, as a process with its own environment and terminal.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Read as _},
    net::TcpListener as StdListener,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use openrouter_oauth::{AuthorizeUrl, Client, HeadlessSignIn, KeyLabel};
use openrouter_oauth_login::{
    Browser as _, Headless, Prompt, SignInInstructions, SystemBrowser, TerminalPrompt, default_key_label,
};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

/// Says what the child is to do.
const STEP: &str = "TEST_STEP";
/// Begins each line of its report, among what the test harness prints.
const REPORT: &str = "REPORT ";

/// Does one step and reports, as a part of other tests: without its variable there is nothing to do.
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
    // What a shell would read next. Input that was left in the terminal shows here.
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
        // Watched before the question is shown.
        biased;
        interrupted = tokio::signal::ctrl_c() => report("interrupted", &format!("{interrupted:?}")),
        () = ask(prompt) => {}
    }
}

/// A prompt that waits while a browser comes back.
async fn race(prompt: &TerminalPrompt) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    report("port", &listener.local_addr().unwrap().port().to_string());
    tokio::select! {
        _ = prompt.ask(None) => report("prompt", ""),
        callback = listener.accept() => {
            callback.unwrap().0.read_u8().await.unwrap();
        }
    }
    report("visited", "");
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

/// Opens the URLs of so many hostile labels, while a port is listened on.
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

/// Labels with what shells, terminals and `BROWSER` take for theirs.
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
        // Each number is a row of pieces of its own, and a row is seldom the start of the next.
        let mut rest = number.wrapping_mul(2_654_435_761);
        let mut label = String::from("x");
        while rest > 0 && label.chars().count() < 80 {
            label.push_str(PIECES[rest % PIECES.len()]);
            rest /= PIECES.len();
        }
        label
    })
}

/// The command for a child that does `step`, with nothing of this process's environment that a login looks at.
pub(crate) fn command(step: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["child::child", "--exact", "--nocapture"]).env(STEP, step);
    for name in ["BROWSER", "NO_COLOR", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm");
    command
}

/// A child that runs. It is ended with the test.
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

    /// Its next report, which is of `what`.
    #[track_caller]
    pub(crate) fn expect(&mut self, what: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it ended without a report of {what}");
            // The harness begins the line that a test prints to first.
            if let Some((_, report)) = line.split_once(REPORT) {
                let (found, detail) = report.split_once(' ').unwrap();
                assert_eq!(found, what, "{detail}");
                return detail.trim_end_matches('\n').to_owned();
            }
        }
    }

    /// Its standard input, if that is a pipe.
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.process.stdin.take().unwrap()
    }

    /// Waits for it to end well, and returns what else it printed.
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
