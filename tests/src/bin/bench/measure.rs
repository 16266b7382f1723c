//! Runs a client under callgrind.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{Result, profile::Profile};

/// How many exchanges the shorter and the longer run make.
const FEWER: u32 = 1_000;
const MORE: u32 = 2_000;

/// The server's process; it ends with this value.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a client costs.
pub(crate) struct Measured {
    fewer: Profile,
    more: Profile,
}

impl Measured {
    pub(crate) fn of(client: &str, server: &Server) -> Result<Self> {
        Ok(Self { fewer: run(client, server, FEWER)?, more: run(client, server, MORE)? })
    }

    /// What `count` tells of a profile, for one exchange.
    pub(crate) fn per_exchange(&self, count: impl Fn(&Profile) -> f64) -> f64 {
        (count(&self.more) - count(&self.fewer)) / f64::from(MORE - FEWER)
    }

    /// Every function that ran.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.more.inclusive.keys().map(String::as_str)
    }
}

fn run(client: &str, server: &Server, exchanges: u32) -> Result<Profile> {
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
    Profile::read(&fs::read_to_string(&file)?).ok_or_else(|| "callgrind's file cannot be read".into())
}
