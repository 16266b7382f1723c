//! A server program that cannot outlive the test program.

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Starts the server and prints its process ID. Once its standard input closes, it stops the server.
///
/// The process ID stays valid, because the shell waits for the server only at the end.
const SUPERVISOR: &str = r#"signal=$1 log=$2; shift 2
"$@" >>"$log" 2>&1 </dev/null &
echo $!
read -r _
kill -s "$signal" $!
kill -s CONT $!
wait"#;

/// A running server. Dropping it stops the server and waits for its end.
#[derive(Debug)]
pub struct Daemon {
    supervisor: Child,
    server: Pid,
    log: PathBuf,
}

impl Daemon {
    /// Starts `command` and sends it `signal` at the end. It writes its output to the file `log`.
    ///
    /// # Panics
    ///
    /// Panics if there is no shell.
    pub fn start(command: &[&str], signal: &str, log: &Path) -> Self {
        let mut supervisor = Command::new("sh");
        supervisor.args(["-c", SUPERVISOR, "sh", signal]).arg(log).args(command);
        supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut supervisor = supervisor.spawn().expect("sh");
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = line.trim().parse().ok().and_then(Pid::from_raw).expect("a process ID");
        Self { supervisor, server, log: log.to_owned() }
    }

    /// Waits until `is_ready` returns true. Returns `false` if the server ended first.
    ///
    /// # Panics
    ///
    /// Panics if it takes too long.
    pub(super) fn wait_until(&self, is_ready: impl Fn() -> bool) -> bool {
        let begin = Instant::now();
        while !is_ready() {
            if self.has_ended() {
                return false;
            }
            assert!(begin.elapsed() < START_TIMEOUT, "the server does not start:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Returns what the server has written to its output.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(super) fn process_id(&self) -> i32 {
        self.server.as_raw_nonzero().get()
    }

    /// Sends a signal to the server.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.server, signal).unwrap();
    }

    /// Returns whether the server is a zombie, for which the supervisor has yet to wait.
    pub fn has_ended(&self) -> bool {
        let path = format!("/proc/{}/stat", self.process_id());
        let state = std::fs::read_to_string(path).unwrap_or_default();
        // The state follows the program's name, which is in parentheses.
        state.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // A failure here must not hide the one that ends the test.
        let _ended = self.supervisor.wait();
    }
}

/// Starts a server on a free port of `address`. If it ends at once, because another program took the port, tries
/// another port.
pub(super) fn start_on_free_port(
    address: Ipv4Addr,
    mut start: impl FnMut(u16) -> Result<Daemon, String>,
) -> (u16, Daemon) {
    let mut problem = String::new();
    for _ in 0..5 {
        let port = free_port(address);
        match start(port) {
            Ok(daemon) => return (port, daemon),
            Err(log) => problem = log,
        }
    }
    panic!("the server does not start:\n{problem}");
}

/// Returns a port of this address that is free now.
///
/// # Panics
///
/// Panics if the machine does not have the address.
pub fn free_port(address: Ipv4Addr) -> u16 {
    TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port()
}
