//! Sends signals to processes.
//!
//! This file uses no other file of these tests, so that other packages can include it by its path.

use std::process::Command;

/// Sends a signal with the shell's built-in `kill`, because some machines have no program of that name.
pub(crate) fn kill(signal: &str, process: &str) {
    let kill = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, signal, process]).status();
    assert!(kill.unwrap().success(), "{signal} {process}");
}
