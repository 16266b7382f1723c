//! `browser [FOLDER]`: a real browser goes through the login of the command-line tool, by the binary `browser` of `tests`.

use crate::{Result, process};

/// Chromium of Debian, with the driver of the same version.
const INSTALL: &str = "apt-get install chromium chromium-driver";

pub(crate) fn run(arguments: &[&str]) -> Result {
    for program in ["chromium", "chromedriver"] {
        process::require(program, &["--version"], INSTALL)?;
    }
    // It looks for the command-line tool beside itself.
    process::run(&mut process::cargo([
        "build",
        "--quiet",
        "-p",
        "openrouter-oauth-cli",
        "--bin",
        "openrouter-oauth",
    ]))?;
    let browser = ["run", "--quiet", "-p", "openrouter-oauth-tests", "--bin", "browser", "--"];
    process::run(process::cargo(browser).args(arguments))
}
