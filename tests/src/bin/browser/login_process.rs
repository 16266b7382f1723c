//! Runs `openrouter-oauth login` in a process, with its own home folder.

use std::{env, fs, io, path::Path, process::Stdio};

use openrouter_oauth_tests::{
    Result,
    poll::{WAIT_TIMEOUT, poll},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

/// A home folder for programs, and the base URL in their environment.
pub(crate) struct Home {
    folder: TempDir,
    base_url: String,
}

/// A login that waits for its browser. Dropping it ends the process.
pub(crate) struct LoginProcess {
    process: Child,
    /// The authorize URL.
    pub(crate) url: String,
    stdout: JoinHandle<io::Result<String>>,
    stderr: JoinHandle<io::Result<String>>,
}

/// The exit status and the output of a program.
#[derive(Debug)]
pub(crate) struct ProgramOutput {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new(base_url: String) -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, base_url })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a command for the program with these arguments. The program inherits only `PATH` from this process's
    /// environment.
    pub(crate) fn program(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(env::current_exe()?.with_file_name("openrouter-oauth"));
        command
            .args(arguments)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.path())
            .env("OPENROUTER_BASE_URL", &self.base_url)
            // Without a display, the program would assume that no browser can reach it.
            .env("DISPLAY", ":0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs the program until it exits.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<ProgramOutput> {
        let output = timeout(WAIT_TIMEOUT, self.program(arguments)?.output()).await??;
        Ok(ProgramOutput {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Starts a login that does not open a browser.
    pub(crate) async fn login(&self, arguments: &[&str]) -> Result<LoginProcess> {
        let arguments = [&["login", "--json", "--no-browser"], arguments].concat();
        LoginProcess::start(self.program(&arguments)?).await
    }

    /// Waits until a file exists in this folder, and reads it.
    pub(crate) async fn wait_for(&self, name: &str) -> Result<String> {
        let path = self.path().join(name);
        poll(name, async || Ok(path.exists().then_some(()))).await?;
        Ok(fs::read_to_string(path)?)
    }
}

impl LoginProcess {
    /// Starts a login with `--json`, and waits until it prints the authorize URL.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        let mut process = command.spawn().map_err(|error| format!("openrouter-oauth: {error}"))?;
        let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
            return Err("openrouter-oauth has no output".into());
        };
        let (mut stdout, mut stderr) = (BufReader::new(stdout), BufReader::new(stderr));
        let mut first = String::new();
        timeout(WAIT_TIMEOUT, stderr.read_line(&mut first)).await??;
        let event = serde_json::from_str::<Value>(&first).unwrap_or_default();
        let url =
            event["authorize_url"].as_str().ok_or_else(|| format!("the login printed {first:?}"))?.to_owned();
        let mut rest = String::new();
        let stdout = tokio::spawn(async move {
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.map(|_| text)
        });
        let stderr = tokio::spawn(async move { stderr.read_to_string(&mut rest).await.map(|_| rest) });
        Ok(Self { process, url, stdout, stderr })
    }

    /// Returns whether the login is still running.
    pub(crate) fn is_waiting(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// Types or pastes a line, and presses Enter.
    pub(crate) async fn type_line(&mut self, line: &str) -> Result {
        let input = self.process.stdin.as_mut().ok_or("the login has no standard input")?;
        Ok(input.write_all(format!("{line}\n").as_bytes()).await?)
    }

    /// Presses Ctrl-C.
    pub(crate) async fn interrupt(&self) -> Result {
        let id = self.process.id().ok_or("the login has ended")?;
        let sent = Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
        if sent.success() { Ok(()) } else { Err("the login could not be interrupted".into()) }
    }

    /// Waits until the login exits.
    pub(crate) async fn wait(mut self) -> Result<ProgramOutput> {
        let status =
            timeout(WAIT_TIMEOUT, self.process.wait()).await.map_err(|_| "the login did not exit")??;
        Ok(ProgramOutput { status: status.code(), stdout: self.stdout.await??, stderr: self.stderr.await?? })
    }
}
