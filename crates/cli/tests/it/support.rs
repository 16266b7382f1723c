//! Runs the program, and an emulator for it in this process.

use std::{
    env,
    io::Write as _,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth_emulator::Emulator;
use serde_json::Value;

use crate::ports::ClosedPort;

/// The program, with nothing of OpenRouter in its environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrouter-oauth"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Where coverage is measured, the program's is part of it.
    command.envs(env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
    command
}

pub(crate) fn run(arguments: &[&str]) -> Finished {
    Finished::from_output(program(arguments).output().unwrap())
}

pub(crate) fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Finished::from_output(program(arguments).envs(variables.iter().copied()).output().unwrap())
}

pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Finished {
    let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // It fails where the program declines to read that much.
    let _ = child.stdin.take().unwrap().write_all(input);
    Finished::from_output(child.wait_with_output().unwrap())
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn from_output(output: Output) -> Self {
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
        let mut output: Value = serde_json::from_str(self.stderr.lines().last().unwrap()).unwrap();
        output["error"].take()
    }

    /// The error as JSON, of a run that ended with `status` and without a result.
    #[track_caller]
    pub(crate) fn error(&self, status: i32) -> Value {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        let mut output: Value = serde_json::from_str(&self.stderr).unwrap();
        output["error"].take()
    }
}

/// An emulator served by a thread of this process.
pub(crate) struct Served {
    pub(crate) emulator: Emulator,
    pub(crate) url: String,
    /// The thread ends when this is dropped.
    _running: tokio::sync::oneshot::Sender<()>,
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
    Served { emulator, url: url.recv().unwrap(), _running: running }
}

/// A service that nobody can reach: its page exists in this process alone.
pub(crate) fn unreachable() -> (Served, ClosedPort) {
    let port = ClosedPort::new();
    let (running, _) = tokio::sync::oneshot::channel();
    let url = format!("http://{}/api/v1", port.address());
    (Served { emulator: Emulator::new(), url, _running: running }, port)
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
}

/// Waits until it is so.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not come to pass");
        thread::sleep(Duration::from_millis(10));
    }
}
