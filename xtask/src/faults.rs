//! `faults [--planted | said PATH...]`: every fault of a network, a server or a caller, by the binary `faults` of `tests`.

use crate::{Result, process};

pub(crate) fn run(arguments: &[&str]) -> Result {
    // It looks for the command-line tool beside itself.
    let build = ["build", "--quiet", "--release", "-p", "openrouter-oauth-cli", "--bin", "openrouter-oauth"];
    process::run(&mut process::cargo(build))?;
    let faults = ["run", "--quiet", "--release", "-p", "openrouter-oauth-tests", "--bin", "faults", "--"];
    process::run(process::cargo(faults).args(arguments))
}
