//! `openrouter-oauth login`, in a process and a home of its own.

use std::{env, fs, io, path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{PATIENCE, Result};

/// A folder that programs take for their user's, and the service that they find in their environment.
pub(crate) struct Home {
    folder: TempDir,
    base_url: String,
}

/// A login that waits for its browser. It ends with this value.
pub(crate) struct Login {
    process: Child,
    /// Where the user is sent.
    pub(crate) url: String,
    printed: JoinHandle<io::Result<String>>,
    said: JoinHandle<io::Result<String>>,
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Ended {
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

    /// The program with these arguments, and with nothing of this process but where programs are.
    pub(crate) fn program(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(env::current_exe()?.with_file_name("openrouter-oauth"));
        command
            .args(arguments)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", self.path())
            .env("OPENROUTER_BASE_URL", &self.base_url)
            // Somebody sits at it. Without, it would take itself for a machine that no browser can reach.
            .env("DISPLAY", ":0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Ended> {
        let output = timeout(PATIENCE, self.program(arguments)?.output()).await??;
        Ok(Ended {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Begins a login whose URL is opened by hand.
    pub(crate) async fn login(&self, arguments: &[&str]) -> Result<Login> {
        let arguments = [&["login", "--json", "--no-browser"], arguments].concat();
        Login::start(self.program(&arguments)?).await
    }

    /// Waits for a file of this home to be there, and reads it.
    pub(crate) async fn wait_for(&self, name: &str) -> Result<String> {
        let path = self.path().join(name);
        let comes = async {
            while !path.exists() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, comes).await.map_err(|_| format!("{name} does not come"))?;
        Ok(fs::read_to_string(path)?)
    }
}

impl Login {
    /// Starts it, and waits until it says where to go, with `--json`.
    pub(crate) async fn start(mut command: Command) -> Result<Self> {
        let mut process = command.spawn().map_err(|error| format!("openrouter-oauth: {error}"))?;
        let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) else {
            return Err("openrouter-oauth has no output".into());
        };
        let (mut stdout, mut stderr) = (BufReader::new(stdout), BufReader::new(stderr));
        let mut first = String::new();
        timeout(PATIENCE, stderr.read_line(&mut first)).await??;
        let said = serde_json::from_str::<Value>(&first).unwrap_or_default();
        let url =
            said["authorize_url"].as_str().ok_or_else(|| format!("the login said {first:?}"))?.to_owned();
        let mut rest = String::new();
        let printed = tokio::spawn(async move {
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.map(|_| text)
        });
        let said = tokio::spawn(async move { stderr.read_to_string(&mut rest).await.map(|_| rest) });
        Ok(Self { process, url, printed, said })
    }

    /// Whether it still waits.
    pub(crate) fn waits(&mut self) -> Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// Pastes a line, and presses Enter.
    pub(crate) async fn paste(&mut self, line: &str) -> Result {
        let input = self.process.stdin.as_mut().ok_or("nobody can paste")?;
        Ok(input.write_all(format!("{line}\n").as_bytes()).await?)
    }

    /// Presses Ctrl-C.
    pub(crate) async fn interrupt(&self) -> Result {
        let id = self.process.id().ok_or("the login has ended")?;
        let sent = Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
        if sent.success() { Ok(()) } else { Err("the login could not be interrupted".into()) }
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Result<Ended> {
        let status = timeout(PATIENCE, self.process.wait()).await.map_err(|_| "the login does not end")??;
        Ok(Ended { status: status.code(), stdout: self.printed.await??, stderr: self.said.await?? })
    }
}
