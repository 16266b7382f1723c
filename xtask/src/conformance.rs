//! `conformance`: other people's SDKs against the emulator, by the binary `conformance` of `tests`.
//!
//! It installs them at pinned versions, and says which tool it misses for that.

use crate::{Result, process};

pub(crate) fn run() -> Result {
    process::run(&mut process::cargo([
        "run",
        "--quiet",
        "-p",
        "openrouter-oauth-tests",
        "--bin",
        "conformance",
    ]))
}
