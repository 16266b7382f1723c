//! Runs a client under callgrind.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use openrouter_oauth_tests::Result;
use tempfile::TempDir;

use crate::profile::Profile;

/// The exchanges of the shorter and of the longer run.
const FEWER_EXCHANGES: u32 = 1_000;
const MORE_EXCHANGES: u32 = 2_000;

/// The process of the server. It ends when this value is dropped.
pub(crate) struct ServerProcess {
    process: Child,
    address: String,
}

impl ServerProcess {
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only if the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The profiles of a client.
pub(crate) struct Measurement {
    fewer: Profile,
    more: Profile,
}

impl Measurement {
    pub(crate) fn new(client: &str, server: &ServerProcess) -> Result<Self> {
        Ok(Self { fewer: run(client, server, FEWER_EXCHANGES)?, more: run(client, server, MORE_EXCHANGES)? })
    }

    /// Returns the difference of `count` between the two profiles, per exchange.
    pub(crate) fn per_exchange(&self, count: impl Fn(&Profile) -> f64) -> f64 {
        (count(&self.more) - count(&self.fewer)) / f64::from(MORE_EXCHANGES - FEWER_EXCHANGES)
    }

    /// Returns the names of all functions that ran.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.more.inclusive.keys().map(String::as_str)
    }
}

fn run(client: &str, server: &ServerProcess, exchanges: u32) -> Result<Profile> {
    profile(&[client, &server.address, &exchanges.to_string()])
}

/// Runs this program with `arguments` under callgrind.
pub(crate) fn profile(arguments: &[&str]) -> Result<Profile> {
    let folder = TempDir::new()?;
    let file = folder.path().join("callgrind.out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe()?)
        .args(arguments)
        .status()?;
    if !status.success() {
        return Err(format!("`{}` failed under valgrind ({status})", arguments.join(" ")).into());
    }
    Profile::read(&fs::read_to_string(&file)?).ok_or_else(|| "cannot parse callgrind's file".into())
}
