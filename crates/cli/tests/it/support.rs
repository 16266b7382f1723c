//! Runs the program, and an emulator for it in this process.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
};

use openrouter_oauth_emulator::Emulator;
use serde_json::Value;

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

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
