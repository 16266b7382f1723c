//! Runs the program and serves an emulator for it in this process.

use std::{
    env,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
};

use openrouter_oauth_emulator::Emulator;
use serde_json::Value;

use crate::ports::ClosedPort;

/// Returns the program with an empty environment, except for variables that the system needs.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrouter-oauth"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Windows finds its network libraries by `SystemRoot`. If coverage is measured, include the program's.
    let kept = ["SystemRoot", "LLVM_PROFILE_FILE"];
    command.envs(kept.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
}

pub(crate) fn run(arguments: &[&str]) -> Finished {
    Finished::from_output(program(arguments).output().unwrap())
}

pub(crate) fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Finished::from_output(program(arguments).envs(variables.iter().copied()).output().unwrap())
}

pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Finished {
    Finished::from_input(program(arguments), input)
}

/// The status and output of a finished run.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Runs the program with this standard input.
    pub(crate) fn from_input(mut program: Command, input: impl AsRef<[u8]>) -> Self {
        let mut child = program.stdin(Stdio::piped()).spawn().unwrap();
        // Writing fails if the program declines to read that much.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        Self::from_output(child.wait_with_output().unwrap())
    }

    pub(crate) fn from_output(output: Output) -> Self {
        let finished = Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        finished
    }

    /// Returns the result as JSON, of a run that succeeded with nothing on standard error.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Returns the result as text, of a run that succeeded.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:?}");
        self.stdout.strip_suffix('\n').unwrap()
    }

    /// Returns the result as JSON, of a run that ended with `status`. Standard error may have any content.
    #[track_caller]
    pub(crate) fn result(&self, status: i32) -> Value {
        assert_eq!(self.status, Some(status), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Returns the error on the last line of standard error, as JSON.
    #[track_caller]
    pub(crate) fn last_error(&self) -> Value {
        let mut output: Value = serde_json::from_str(self.stderr.lines().last().unwrap()).unwrap();
        output["error"].take()
    }

    /// Returns the error as JSON, of a run that ended with `status` and without a result.
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
    serve_on((Ipv4Addr::LOCALHOST, 0).into())
}

pub(crate) fn serve_on(addr: SocketAddr) -> Served {
    let emulator = Emulator::new();
    let (send_url, url) = mpsc::channel();
    let (running, stopped) = tokio::sync::oneshot::channel::<()>();
    let shared = emulator.clone();
    thread::spawn(move || {
        block_on(async {
            let server = shared.serve_on(addr).await.unwrap();
            send_url.send(server.base_url()).unwrap();
            let _ = stopped.await;
        });
    });
    Served { emulator, url: url.recv().unwrap(), _running: running }
}

/// Returns a service that the program cannot reach. Its page exists only in this process.
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
    /// Returns the origin of the service.
    pub(crate) fn origin(&self) -> &str {
        self.url.strip_suffix("/api/v1").unwrap()
    }
}
