//! A PostgreSQL server.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::geteuid;
use tempfile::TempDir;

use super::{
    ADDRESS,
    daemon::{Daemon, start_on_free_port},
    tools::Tool,
};

/// The user that runs the server if the tests run as root, which the server refuses. Every system has this user.
const USER: &str = "nobody";

/// Runs its arguments as that user, whose group has another name on each system.
const AS_USER: &str = r#"exec setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups "$@""#;

const SETPRIV: Tool = Tool::new("setpriv", &["sh", "-c", AS_USER, "sh", "true"]);

/// A PostgreSQL server on a free port, with an empty database.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    daemon: Option<Daemon>,
    programs: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server, or returns `None` if the machine has none.
    #[track_caller]
    pub fn start() -> Option<Self> {
        let programs = programs();
        let tool = Tool::new("PostgreSQL", &["false"]);
        let is_missing =
            programs.is_none() && tool.is_missing() || geteuid().is_root() && SETPRIV.is_missing();
        let programs = programs.filter(|_| !is_missing)?;
        // Not in `TMPDIR`, which the server's user may not be allowed to enter.
        let folder = TempDir::with_prefix_in("postgres-", "/tmp").unwrap();
        create_files(&programs, folder.path());
        let (port, daemon) = start_on_free_port(ADDRESS, |port| launch(port, &programs, folder.path()));
        Some(Self { port, daemon: Some(daemon), programs, folder })
    }

    /// Returns the URL of the database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        (ADDRESS, self.port).into()
    }

    /// Stops the server at once, as a crash would.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the server again after [`kill`](Self::kill), on the same port and with the same data.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start.
    pub fn restart(&mut self) {
        self.daemon = None;
        self.daemon = Some(launch(self.port, &self.programs, self.folder.path()).unwrap());
    }
}

/// Finds the folder of the newest version, which is not in the `PATH` on Debian.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = debian.chain(std::env::split_paths(&path)).collect();
    folders.retain(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).exists()));
    folders.into_iter().max_by_key(|folder| version(folder))
}

/// Returns the version that Debian's folder is for.
fn version(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.split('.').next()?.parse().ok()
}

fn create_files(programs: &Path, folder: &Path) {
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    if geteuid().is_root() {
        // The server's user enters this folder to reach its own.
        let status = Command::new("chmod").arg("755").arg(folder).status().unwrap();
        assert!(status.success(), "chmod: {status}");
        let status = Command::new("chown").arg(USER).arg(&data).status().unwrap();
        assert!(status.success(), "chown: {status}");
    }
    let initdb = programs.join("initdb");
    let command = as_user(&[
        initdb.to_str().unwrap(),
        "--pgdata",
        data.to_str().unwrap(),
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ])
    .join("\0");
    let mut words = command.split('\0');
    let mut initdb = Command::new(words.next().unwrap());
    let output = initdb.args(words).stdin(Stdio::null()).current_dir("/").output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}

fn launch(port: u16, programs: &Path, folder: &Path) -> Result<Daemon, String> {
    let (server, data, port) = (programs.join("postgres"), folder.join("data"), port.to_string());
    let listen = format!("listen_addresses={ADDRESS}");
    let command = as_user(&[
        server.to_str().unwrap(),
        "-D",
        data.to_str().unwrap(),
        "-p",
        &port,
        "-c",
        &listen,
        "-c",
        "unix_socket_directories=",
        // The server writes before it responds, which is enough if only the process is killed. Waiting for the disk can
        // take longer on a busy machine than a client waits.
        "-c",
        "fsync=off",
    ]);
    let daemon = Daemon::start(&command, "QUIT", &folder.join("log"));
    let is_ready = daemon.wait_until(|| is_ready(&data, daemon.process_id()));
    if is_ready { Ok(daemon) } else { Err(daemon.log()) }
}

/// Returns whether the server is ready. Its file tells it from another program that took the port.
fn is_ready(data: &Path, process_id: i32) -> bool {
    let file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let lines: Vec<_> = file.lines().map(str::trim).collect();
    lines.first() == Some(&&*process_id.to_string()) && lines.get(7) == Some(&"ready")
}

/// Lets the server's user run `command` if the tests run as root.
fn as_user<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let setpriv: &[_] = if geteuid().is_root() { &["sh", "-c", AS_USER, "sh"] } else { &[] };
    [setpriv, command].concat()
}
