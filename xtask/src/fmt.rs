//! `fmt`: the format of every file, also of the packages outside the workspace.

use crate::{Result, consumers, process};

pub(crate) fn run() -> Result {
    let mut commands = vec![process::cargo(["fmt", "--all", "--check"])];
    for manifest in consumers::manifests()?.into_iter().chain(["tests/fuzz/Cargo.toml".into()]) {
        let mut command = process::cargo(["fmt", "--check", "--manifest-path"]);
        command.arg(manifest);
        commands.push(command);
    }
    process::run_all(commands)
}
