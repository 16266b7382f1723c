//! Checks the code for wasm32, and runs its tests in Node.js.

use super::tool::Tool;
use crate::{process, result::Result};

/// The target of browsers, Workers and Node.js.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

pub(super) const NODE: Tool = Tool::Program { name: "node", package: "nodejs" };

/// Starts the tests in Node.js. It must have the version of `wasm-bindgen` in the lock file of the tests.
pub(super) const RUNNER: Tool = Tool::CargoProgram {
    name: "wasm-bindgen-test-runner",
    // A debug build takes a quarter of the time.
    install: "cargo install --debug --bin wasm-bindgen-test-runner wasm-bindgen-cli@0.2.130",
};

/// The packages that programs for wasm32 use, and their features. `getrandom` is off, because it compiles only if the
/// program chooses a source of random bytes.
pub(super) const LIBRARIES: &[&str] = &[
    "--package=openrouter-oauth",
    "--package=openrouter-oauth-models",
    "--package=openrouter-oauth-transport",
    "--lib",
    "--no-default-features",
    "--features=openrouter-oauth/tracing,openrouter-oauth-transport/testing",
];

/// Clippy's settings, which also forbid the clocks of the standard library.
pub(super) const SETTINGS: (&str, &str) = ("CLIPPY_CONF_DIR", "xtask/src/platforms/wasm");

pub(super) fn test() -> Result {
    let mut command = process::cargo(["test", "--locked", "--target", TARGET, "--test", "node"]);
    command.args(["--manifest-path", "tests/wasm/Cargo.toml"]);
    command.env("CARGO_TARGET_DIR", process::target("platforms"));
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    process::run(&mut command)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn runner_has_the_version_of_the_tests() {
        let Tool::CargoProgram { install, .. } = RUNNER else { panic!("{RUNNER}") };
        let (_, version) = install.rsplit_once('@').unwrap();
        let lock = fs::read_to_string(process::root().join("tests/wasm/Cargo.lock")).unwrap();
        assert!(lock.contains(&format!("name = \"wasm-bindgen\"\nversion = \"{version}\"\n")), "{version}");
        let ci = fs::read_to_string(process::root().join(".ci/run")).unwrap();
        assert!(ci.contains(install), ".ci/run installs another version than {version}");
    }
}
