//! A running program.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek},
    os::unix::fs::FileExt,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use openrouter_oauth_emulator::{Emulator, EmulatorServer};
use sqlx::SqlitePool;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{Result, browser::Browser};

pub(crate) const COOKIE_KEYS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
pub(crate) const VAULT_KEYS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Returns the program without any settings of this process, on a free port.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_web"));
    command.env_clear().env("LISTEN", "127.0.0.1:0").stdin(Stdio::null());
    command
}

/// A running program, and where it can be reached.
pub(crate) struct Instance {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// A file, because a pipe that nobody reads would fill up.
    log: File,
    pub(crate) url: String,
}

impl Instance {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let log = tempfile::tempfile()?;
        let mut child = command.stdout(Stdio::piped()).stderr(log.try_clone()?).spawn()?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut instance = Self { child, stdout, log, url: String::new() };
        instance.url = instance.next_line("Open ")?;
        Ok(instance)
    }

    /// Returns the rest of the next line of the standard output.
    pub(crate) fn next_line(&mut self, start: &str) -> Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let rest = line.trim_end().strip_prefix(start);
        Ok(rest.ok_or_else(|| format!("{line:?} does not start with {start:?}"))?.to_owned())
    }

    /// Returns the log so far. Leaves the position in the file, which the program shares.
    pub(crate) fn log(&self) -> String {
        let mut log = vec![0; self.log.metadata().unwrap().len().try_into().unwrap()];
        self.log.read_exact_at(&mut log, 0).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Asks the program to end.
    pub(crate) fn signal(&self) -> Result {
        Command::new("sh").args(["-c", "kill $0", &self.child.id().to_string()]).status()?;
        Ok(())
    }

    /// Asks the program to end, waits for that, and returns the log.
    pub(crate) async fn stop(mut self) -> Result<String> {
        self.signal()?;
        spawn_blocking(move || {
            let status = self.child.wait()?;
            let mut log = String::new();
            self.log.rewind()?;
            self.log.read_to_string(&mut log)?;
            if status.success() { Ok(log) } else { Err(format!("{status}: {log}").into()) }
        })
        .await?
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Polls until `is_done` returns true, for at most a minute.
pub(crate) async fn wait_until(is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited too long");
        sleep(Duration::from_millis(10)).await;
    }
}

/// An emulator of OpenRouter, and a database in a file.
pub(crate) struct Testbed {
    pub(crate) openrouter: Emulator,
    server: EmulatorServer,
    folder: TempDir,
}

impl Testbed {
    pub(crate) async fn new() -> Result<Self> {
        let openrouter = Emulator::new();
        let server = openrouter.serve(0).await?;
        Ok(Self { openrouter, server, folder: tempfile::tempdir()? })
    }

    pub(crate) fn program(&self) -> Command {
        let mut command = program();
        command.env("DATABASE_URL", self.database_url());
        command.env("OPENROUTER_BASE_URL", self.server.base_url());
        command.env("COOKIE_KEYS", COOKIE_KEYS).env("VAULT_KEYS", VAULT_KEYS);
        command
    }

    pub(crate) fn start(&self) -> Result<Instance> {
        Instance::start(&mut self.program())
    }

    /// Starts the program with a user whose OpenRouter account is connected.
    pub(crate) async fn connected(&self) -> Result<(Instance, Browser)> {
        let instance = self.start()?;
        let mut alice = Browser::new(&instance.url);
        alice.create_account("alice").await?;
        alice.connect().await?;
        Ok((instance, alice))
    }

    pub(crate) async fn database(&self) -> Result<SqlitePool> {
        Ok(SqlitePool::connect(&self.database_url()).await?)
    }

    /// Returns the hash of the newest key.
    pub(crate) fn key(&self) -> String {
        self.openrouter.keys().pop().unwrap().hash
    }

    fn database_url(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("users.db").display())
    }
}
