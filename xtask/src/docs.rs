//! `docs`: rustdoc of the libraries with all their features, warnings denied.

use crate::{Result, process};

pub(crate) fn run() -> Result {
    // The libraries only: the binary `openrouter-oauth` and the library of that name would share a page.
    let mut command = process::cargo(["doc", "--workspace", "--lib", "--no-deps", "--all-features"]);
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}
