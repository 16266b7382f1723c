//! Programs and privileges that a test needs, and that a typical machine may lack.
//!
//! This file uses no other file of these tests, so that the tests of the command-line tool can have a copy.

use std::{
    env,
    io::{self, Write as _},
    process::{Command, Stdio},
    thread,
};

/// A program that a test runs, or a privilege that it needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    name: &'static str,
    trial: &'static [&'static str],
}

impl Tool {
    /// Creates a tool that is usable if the command `trial` succeeds.
    pub(crate) const fn new(name: &'static str, trial: &'static [&'static str]) -> Self {
        Self { name, trial }
    }

    /// Returns whether the machine lacks the tool, so that the test must be skipped. Prints that, or panics with
    /// `REQUIRE_TOOLS=1`.
    #[track_caller]
    pub(crate) fn is_missing(self) -> bool {
        if self.works() {
            return false;
        }
        assert!(env::var_os("REQUIRE_TOOLS").is_none_or(|value| value != "1"), "needs {}", self.name);
        print_skipped(self.name);
        true
    }

    fn works(self) -> bool {
        let mut trial = Command::new(self.trial[0]);
        trial.args(&self.trial[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        trial.status().is_ok_and(|status| status.success())
    }
}

/// Prints that this test is skipped, because it needs something.
pub(crate) fn print_skipped(needed: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    // Not `eprintln!`, because the test harness hides its output if the test passes.
    let line = format!("skipped: needs {needed} ({test})\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Skips the rest of a test if the machine lacks a tool.
macro_rules! needs {
    ($tool:expr) => {
        if $tool.is_missing() {
            return;
        }
    };
}

pub(crate) use needs;

/// Starts a program in a new session, with its own terminal or none. Only Linux has it.
#[cfg(target_os = "linux")]
pub(crate) const SETSID: Tool = Tool::new("setsid", &["setsid", "--wait", "true"]);
