//! Sends signals to processes.
//!
//! This file uses no other file of these tests, so that the tests of the command-line tool can have a copy.

use std::process::Command;

/// Sends a signal with the shell's built-in `kill`, because some machines have no program of that name.
pub(crate) fn kill(signal: &str, process: &str) {
    let kill = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, signal, process]).status();
    assert!(kill.unwrap().success(), "{signal} {process}");
}
