//! This program once more: a process with limits, signals, memory and a terminal of its own.

use std::{
    env,
    ffi::OsStr,
    process::{Child, Command, Stdio},
};

use crate::{memory, process};

/// Says what the child is to do.
const TASK: &str = "OPENROUTER_OAUTH_TESTS_TASK";

/// Does one task, as a part of other tests: without its variable there is nothing to do.
#[tokio::test]
async fn child_does_its_task() {
    let Ok(task) = env::var(TASK) else { return };
    match &*task {
        "log in without a port" => process::log_in_without_a_port().await,
        "log in until Ctrl-C" => process::log_in_until_ctrl_c().await,
        "wipe the pasted code" => memory::wipe_the_pasted_code().await,
        _ => panic!("no such task: {task}"),
    }
    println!("DONE {task}");
}

/// The command for a child that does `task`. It is started by `wrapper`.
pub(crate) fn command(wrapper: &[&str], task: &str) -> Command {
    let program = env::current_exe().unwrap();
    let arguments = ["child::child_does_its_task", "--exact", "--nocapture"];
    let mut line =
        wrapper.iter().map(OsStr::new).chain([program.as_os_str()]).chain(arguments.map(OsStr::new));
    let mut command = Command::new(line.next().unwrap());
    command.args(line).env(TASK, task).stdout(Stdio::piped());
    command
}

/// Waits until a child is done, and fails if its task did.
#[track_caller]
pub(crate) fn finish(child: Child, task: &str) {
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains(&format!("DONE {task}\n")), "{output:?}");
}
