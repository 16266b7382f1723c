//! `keychain`: the tests of the feature `keychain`, which `test` leaves out since it brings a hundred crates.

use crate::{Result, process};

pub(crate) fn run() -> Result {
    let tests =
        ["test", "-p", "openrouter-oauth-login", "--features", "keychain", "--lib", "--test", "keychain"];
    process::run(&mut process::cargo(tests))
}
