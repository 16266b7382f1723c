//! `doctest`: the examples in the documentation, and those of the README.

use crate::{Result, process};

pub(crate) fn run() -> Result {
    process::run(&mut process::cargo(["test", "--workspace", "--doc"]))
}
