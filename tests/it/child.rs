//! Runs this test program again, as a child process with its own limits, signals, memory and terminal.
//!
//! The child runs one test. Such a test returns at once unless [`is_child`].

use std::{
    env,
    ffi::OsStr,
    process::{Child, Command, Stdio},
};

/// A variable that is set only in a child.
const CHILD: &str = "OPENROUTER_OAUTH_TESTS_CHILD";

/// Returns whether this process is a child that [`command`] started.
pub(crate) fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Returns the command for a child that runs `test`. The command line begins with `wrapper`.
pub(crate) fn command(wrapper: &[&str], test: &str) -> Command {
    let program = env::current_exe().unwrap();
    let arguments = [test, "--exact", "--nocapture"];
    let mut line =
        wrapper.iter().map(OsStr::new).chain([program.as_os_str()]).chain(arguments.map(OsStr::new));
    let mut command = Command::new(line.next().unwrap());
    command.args(line).env(CHILD, "1").stdout(Stdio::piped());
    command
}

/// Like [`command`], with an empty environment.
pub(crate) fn isolated_command(wrapper: &[&str], test: &str) -> Command {
    let mut command = command(wrapper, test);
    // Coverage includes the child.
    let coverage = env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
    command.env_clear().env(CHILD, "1").envs(coverage);
    command
}

/// Waits for a child, and fails if its test failed.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && has_passed(&printed), "{output:?}");
}

/// Returns whether a child with this output ran its test.
#[cfg(target_os = "linux")]
pub(crate) fn has_passed(printed: &str) -> bool {
    printed.contains("test result: ok. 1 passed;")
}
