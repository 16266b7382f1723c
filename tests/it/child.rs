//! Runs this test program again, as a child process with its own limits, signals, memory and terminal.
//!
//! The child runs one test. Such a test returns at once unless [`is_child`].

use std::{
    env,
    ffi::OsStr,
    process::{Command, Stdio},
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

/// Like [`command`], with an empty environment, except for variables that the system needs.
pub(crate) fn isolated_command(wrapper: &[&str], test: &str) -> Command {
    let mut command = command(wrapper, test);
    // Windows finds its network libraries by `SystemRoot`. Coverage includes the child.
    let kept = ["SystemRoot", "LLVM_PROFILE_FILE"];
    let kept = kept.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.env_clear().env(CHILD, "1").envs(kept);
    command
}

/// Waits for a child, and fails if its test failed.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn finish(child: std::process::Child) {
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && has_passed(&printed), "{output:?}");
}

/// Returns whether a child with this output ran its test.
#[cfg(target_os = "linux")]
pub(crate) fn has_passed(printed: &str) -> bool {
    printed.contains("test result: ok. 1 passed;")
}
