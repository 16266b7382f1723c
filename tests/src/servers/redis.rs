//! A Redis server.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    ADDRESS,
    daemon::{Daemon, start_on_free_port},
    tools::Tool,
};

const TOOL: Tool = Tool::new("redis-server", &["redis-server", "--version"]);

/// A Redis server on a free port. By default, it keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    daemon: Option<Daemon>,
    options: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server that keeps its data only in memory, or returns `None` if the machine has none.
    pub fn start() -> Option<Self> {
        Self::start_with(&["--appendonly", "no"])
    }

    /// Starts a server that keeps all data in a file, so that a restart loses nothing.
    pub fn start_durable() -> Option<Self> {
        // The server writes before it responds, which is enough if only the process is killed. Waiting for the disk can
        // take longer on a busy machine than a client waits.
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "no"])
    }

    /// Starts a server with these command-line options.
    #[track_caller]
    pub fn start_with(options: &[&str]) -> Option<Self> {
        if TOOL.is_missing() {
            return None;
        }
        let folder = TempDir::with_prefix("redis-").unwrap();
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let (port, daemon) = start_on_free_port(ADDRESS, |port| launch(port, &options, &folder));
        Some(Self { port, daemon: Some(daemon), options, folder })
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// Returns the address of the server.
    pub fn address(&self) -> SocketAddr {
        (ADDRESS, self.port).into()
    }

    /// Runs a command without spaces in its arguments, and returns the response as the server sends it.
    ///
    /// # Panics
    ///
    /// Panics if the server is not running.
    pub fn run(&self, command: &str) -> String {
        run(self.port, command).unwrap()
    }

    /// Makes this server a replica of `primary`.
    ///
    /// # Panics
    ///
    /// Panics if the command fails.
    pub fn replicate(&self, primary: &Self) {
        let command = format!("REPLICAOF {} {}", primary.address().ip(), primary.port);
        assert_eq!(self.run(&command), "+OK");
    }

    /// Kills the server, as a crash would.
    pub fn kill(&mut self) {
        self.daemon = None;
    }

    /// Starts the server again after [`kill`](Self::kill), on the same port and with the same files.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start.
    pub fn restart(&mut self) {
        self.daemon = None;
        self.daemon = Some(launch(self.port, &self.options, &self.folder).unwrap());
    }

    /// Stops the server's process without closing its connections, as an overloaded machine would.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        self.daemon.as_ref().expect("a running server").signal(signal);
    }
}

fn launch(port: u16, options: &[String], folder: &TempDir) -> Result<Daemon, String> {
    let (address, port_text) = (ADDRESS.to_string(), port.to_string());
    let mut command = vec!["redis-server", "--port", &port_text, "--bind", &address];
    command.extend(["--dir", folder.path().to_str().unwrap()]);
    command.extend(["--save", "", "--maxmemory-policy", "noeviction"]);
    command.extend(options.iter().map(String::as_str));
    let daemon = Daemon::start(&command, "KILL", &folder.path().join("log"));
    let is_ready = daemon.wait_until(|| is_ready(port, daemon.process_id()));
    if is_ready { Ok(daemon) } else { Err(daemon.log()) }
}

/// Returns whether the server on the port is ready, and is ours: another program could have taken the port.
fn is_ready(port: u16, process_id: i32) -> bool {
    let is_ours = |info: String| info.contains(&format!("\nprocess_id:{process_id}\r\n"));
    run(port, "PING").is_ok_and(|response| response == "+PONG") && run(port, "INFO server").is_ok_and(is_ours)
}

/// Sends an inline command, and returns the response without its last line break.
fn run(port: u16, command: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect((ADDRESS, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(connection, "{command}\r\nQUIT\r\n")?;
    let mut response = String::new();
    connection.read_to_string(&mut response)?;
    // The last line is the response to `QUIT`.
    Ok(response.strip_suffix("+OK\r\n").unwrap_or_default().trim_end().to_owned())
}
