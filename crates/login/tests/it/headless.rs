//! Detection of a headless environment, in a child process.

use std::process::Stdio;

use crate::child::{self, Running};

#[test]
fn environment_reveals_ssh_and_remote_editors() {
    // The unit tests check all variables and files. This test cannot know whether this machine is a container.
    for (name, expected) in [
        ("SSH_CONNECTION", "Some(Ssh) this is an SSH session"),
        ("CODESPACES", "Some(Container) this is a container"),
    ] {
        let mut command = child::command("headless");
        command.env(name, "192.0.2.1 50000 192.0.2.2 22").stdin(Stdio::null());
        let mut child = Running::start(&mut command);
        assert_eq!(child.expect("headless"), expected);
        let label = child.expect("label");
        assert!(label.starts_with("my-cli on "), "{label}");
        child.finish();
    }
}
