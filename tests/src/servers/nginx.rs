//! An nginx server.

use std::{fs, net::Ipv4Addr, path::Path};

use tempfile::TempDir;

use super::{
    daemon::{Daemon, start_on_free_port},
    tools::Tool,
};

const TOOL: Tool = Tool::new("nginx", &["nginx", "-v"]);

/// What the configuration of every test has: the server stays a child of the test, and all its files are in its folder.
const DIRECTIVES: &str = "daemon off; pid pid;";

/// An nginx server on a free port.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    _daemon: Daemon,
    folder: TempDir,
}

impl Nginx {
    /// Starts a server, or returns `None` if the machine has none. `configuration` returns the text of its `nginx.conf`
    /// for a port. `files` are the names and texts of other files. Relative paths start in their folder.
    #[track_caller]
    pub fn start(configuration: impl Fn(u16) -> String, files: &[(&str, &str)]) -> Option<Self> {
        if TOOL.is_missing() {
            return None;
        }
        let folder = TempDir::with_prefix("nginx-").unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (port, daemon) = start_on_free_port(Ipv4Addr::LOCALHOST, |port| {
            fs::write(folder.path().join("nginx.conf"), configuration(port)).unwrap();
            launch(folder.path())
        });
        Some(Self { port, _daemon: daemon, folder })
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the text of a file in the server's folder, such as a log.
    ///
    /// # Panics
    ///
    /// Panics if there is no such file.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap()
    }
}

fn launch(folder: &Path) -> Result<Daemon, String> {
    let prefix = format!("{}/", folder.display());
    let command = ["nginx", "-p", &prefix, "-c", "nginx.conf", "-e", "start.log", "-g", DIRECTIVES];
    let daemon = Daemon::start(&command, "TERM", &folder.join("output.log"));
    // The server writes its process ID once it listens.
    let id = daemon.process_id().to_string();
    let is_ready = || fs::read_to_string(folder.join("pid")).is_ok_and(|pid| pid.trim() == id);
    if daemon.wait_until(is_ready) {
        return Ok(daemon);
    }
    let start = fs::read_to_string(folder.join("start.log")).unwrap_or_default();
    Err(daemon.log() + &start)
}
