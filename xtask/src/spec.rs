//! `spec FILE`: the models against an OpenAPI document, by the binary `spec` of `tests`.

use std::{env, path::absolute};

use crate::{Result, process};

pub(crate) fn run(file: &str) -> Result {
    // Relative to where the command was typed, which need not be the root.
    let file = absolute(env::current_dir()?.join(file))?;
    let mut command =
        process::cargo(["run", "--quiet", "-p", "openrouter-oauth-tests", "--bin", "spec", "--"]);
    process::run(command.arg(file))
}
