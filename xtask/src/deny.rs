//! `deny`: licenses, duplicate versions and sources of the dependencies, by the rules of `deny.toml`.
//!
//! Advisories are left out: their list is fetched from the network at each run, so that the same commit could pass
//! today and fail tomorrow. `cargo deny check advisories` asks for them.

use crate::{Result, process};

/// The release that the rules were tried with.
const INSTALL: &str = "cargo install --locked cargo-deny@0.20.2";

pub(crate) fn run() -> Result {
    process::require("cargo", &["deny", "--version"], INSTALL)?;
    process::run(&mut process::cargo(["fetch", "--locked"]))?;
    process::run(&mut process::cargo(["deny", "--offline", "check", "bans", "licenses", "sources"]))
}
