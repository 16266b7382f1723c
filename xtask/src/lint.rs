//! `lint`: runs clippy on all targets of every package with all features, and denies warnings.
//!
//! This is the widest set of features. `features` and `package` check smaller ones.

use crate::{process, result::Result};

pub(crate) fn run() -> Result {
    process::run(&mut process::cargo([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}
