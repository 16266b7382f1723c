//! Runs the program, and an emulator for it in this process.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    mem,
    net::TcpStream,
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth_emulator::{Emulator, Outcome, Page, Person, PersonError};
use serde_json::Value;
use tempfile::TempDir;

/// The program, with nothing of OpenRouter in its environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrouter-oauth"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Finished {
    Finished::of(program(arguments).output().unwrap())
}

pub(crate) fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Finished::of(program(arguments).envs(variables.iter().copied()).output().unwrap())
}

pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Finished {
    let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // It fails where the program refuses to read that much.
    let _ = child.stdin.take().unwrap().write_all(input);
    Finished::of(child.wait_with_output().unwrap())
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn of(output: Output) -> Self {
        let finished = Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        finished
    }

    /// The result as JSON, of a run that succeeded without a word beside it.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The result as a line of words.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout.strip_suffix('\n').unwrap()
    }

    /// The result as JSON of a run that ended with `status`, whatever it said beside it.
    #[track_caller]
    pub(crate) fn result(&self, status: i32) -> Value {
        assert_eq!(self.status, Some(status), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The last line of standard error, as JSON: the error of a run that said something else before.
    #[track_caller]
    pub(crate) fn last_error(&self) -> Value {
        let mut answer: Value = serde_json::from_str(self.stderr.lines().last().unwrap()).unwrap();
        answer["error"].take()
    }

    /// The error as JSON, of a run that ended with `status` and without a result.
    #[track_caller]
    pub(crate) fn error(&self, status: i32) -> Value {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        let mut answer: Value = serde_json::from_str(&self.stderr).unwrap();
        answer["error"].take()
    }
}

/// An emulator served by a thread of this process.
pub(crate) struct Served {
    pub(crate) emulator: Emulator,
    pub(crate) url: String,
    /// The thread ends when this is dropped.
    running: tokio::sync::oneshot::Sender<()>,
}

pub(crate) fn serve() -> Served {
    let emulator = Emulator::new();
    let (send_url, url) = mpsc::channel();
    let (running, stopped) = tokio::sync::oneshot::channel::<()>();
    let shared = emulator.clone();
    thread::spawn(move || {
        block_on(async {
            let server = shared.serve(0).await.unwrap();
            send_url.send(server.base_url()).unwrap();
            let _ = stopped.await;
        });
    });
    Served { emulator, url: url.recv().unwrap(), running }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

impl Served {
    /// The origin of the service.
    pub(crate) fn origin(&self) -> &str {
        self.url.strip_suffix("/api/v1").unwrap()
    }

    /// Waits until a request of this path has come.
    pub(crate) fn wait_for_post(&self, path: &str) {
        wait_until(|| self.emulator.posts(path) > 0);
    }

    /// Stops to serve.
    pub(crate) fn stop(self) {
        let Self { url, running, .. } = self;
        drop(running);
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        wait_until(|| TcpStream::connect(&address).is_err());
    }
}

/// Waits until it is so.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not come to pass");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A folder for the files of a user.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// The program, of this user, with nobody at a terminal.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        // A display, so that the surroundings do not look headless.
        command.env("XDG_CONFIG_HOME", self.0.path()).env("DISPLAY", ":0");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        Finished::of(self.program(arguments).envs(variables.iter().copied()).output().unwrap())
    }

    /// Signs in, so that there is a key.
    pub(crate) fn store_key(&self, served: &Served) {
        let login = Login::start(served, self, &["--label", "stored by a test"]);
        get(&login.approve());
        login.finish().result(0);
    }

    /// The file that keys are stored in.
    pub(crate) fn file(&self) -> String {
        let file = self.0.path().join("openrouter-oauth/openrouter-oauth.json");
        file.to_str().unwrap().to_owned()
    }

    /// Puts a file where the folder for keys would be.
    pub(crate) fn block(&self) {
        std::fs::write(self.0.path().join("openrouter-oauth"), "").unwrap();
    }
}

/// A login that has said its URL, and waits.
pub(crate) struct Login {
    child: Child,
    stderr: BufReader<ChildStderr>,
    served: Emulator,
    said: String,
    url: String,
}

impl Login {
    /// Begins a login with `--json`, which asks nobody.
    pub(crate) fn start(served: &Served, home: &Home, arguments: &[&str]) -> Self {
        let login = ["login", "--json", "--no-browser", "--server", &served.url];
        let mut child = home.program(&[&login, arguments].concat()).stdin(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        stderr.read_line(&mut said).unwrap();
        let event: Value = serde_json::from_str(&said).unwrap();
        let url = event["authorize_url"].as_str().unwrap().to_owned();
        Self { child, stderr, served: served.emulator.clone(), said, url }
    }

    /// Presses Authorize on the page, and says where that leads or what code it shows.
    pub(crate) fn approve(&self) -> String {
        block_on(async { outcome(self.page().await.approve(None).await) })
    }

    /// Presses Deny.
    pub(crate) fn deny(&self) -> String {
        block_on(async { outcome(self.page().await.deny().await) })
    }

    async fn page(&self) -> Page {
        Person::new(self.served.clone()).open(&self.url).await.unwrap()
    }

    /// The port that the browser comes back to.
    pub(crate) fn callback_port(&self) -> u16 {
        let (_, callback) = self.url.split_once("callback_url=http%3A%2F%2F127.0.0.1%3A").unwrap();
        callback.split('%').next().unwrap().parse().unwrap()
    }

    /// Pastes a line.
    pub(crate) fn paste(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    /// Waits for the end. The input is closed.
    pub(crate) fn finish(mut self) -> Finished {
        let mut stderr = mem::take(&mut self.said).into_bytes();
        drop(self.child.stdin.take());
        self.stderr.read_to_end(&mut stderr).unwrap();
        Finished::of(Output { stderr, ..self.child.wait_with_output().unwrap() })
    }
}

/// What a login said up to its URL, and that URL.
pub(crate) fn read_until_url(stderr: &mut impl Read, origin: &str) -> (String, Vec<u8>) {
    let (mut said, begin) = (Vec::new(), format!("{origin}/auth?"));
    loop {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        said.extend(byte);
        let text = String::from_utf8_lossy(&said);
        if let Some((_, url)) = text.split_once(&begin)
            && let Some(url) = url.strip_suffix('\n')
        {
            return (format!("{begin}{url}"), said);
        }
    }
}

/// A request as a browser makes it, and the whole answer.
pub(crate) fn get(url: &str) -> String {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The code that a page shows, or where it sends the browser.
pub(crate) fn outcome(pressed: Result<Outcome, PersonError>) -> String {
    match pressed.unwrap() {
        Outcome::Redirected(text) | Outcome::Code(text) => text,
        other => panic!("{other:?}"),
    }
}
