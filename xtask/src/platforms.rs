//! `platforms`: checks the code for other systems than this one, and runs the tests for Windows under wine and those for
//! wasm32 in Node.js.
//!
//! A machine may lack a target or a program. The command then names the checks that it leaves out. With
//! `REQUIRE_TOOLS=1`, it adds missing targets, and fails if a program from crates.io is missing.

use std::{env, process::Command, time::Instant};

use self::tool::Tool;
use crate::{
    aws_lc::{EXCEPT_REQWEST, REQWEST_WITHOUT_AWS_LC},
    process,
    result::{Result, fail_on},
    workspace,
};

mod tool;
mod wasm;
mod wine;

/// A check for one system.
struct Check {
    name: &'static str,
    tools: &'static [Tool],
    run: fn() -> Result,
}

const CHECKS: &[Check] = &[
    Check {
        name: "Windows: clippy",
        tools: &[Tool::Target(wine::TARGET), wine::MINGW],
        run: || clippy_all(wine::TARGET, &[DIFFERENT], &[]),
    },
    Check {
        name: "Windows: the tests, under wine",
        tools: &[wine::PROCESSOR, Tool::Target(wine::TARGET), wine::MINGW, wine::WINE],
        run: wine::test,
    },
    Check {
        name: "macOS: clippy",
        tools: &[Tool::Target(MACOS)],
        run: || clippy_all(MACOS, &[EVERYTHING, REQWEST_WITHOUT_AWS_LC], &NO_C_COMPILER),
    },
    Check {
        name: "wasm32: clippy",
        tools: &[Tool::Target(wasm::TARGET)],
        run: || process::run(&mut clippy(wasm::TARGET, wasm::LIBRARIES, &[wasm::SETTINGS])),
    },
    Check {
        name: "wasm32: the tests, in Node.js",
        tools: &[Tool::Target(wasm::TARGET), wasm::NODE, wasm::RUNNER],
        run: wasm::test,
    },
];

const MACOS: &str = "aarch64-apple-darwin";

/// The packages, targets and features that clippy checks together: all tests, so that they compile on the real system,
/// and the keychain, which is another crate on each system.
const EVERYTHING: &[&str] =
    &["--workspace", EXCEPT_REQWEST, "--all-targets", "--features=openrouter-oauth-login/keychain"];

/// The packages whose own code differs on Windows. Wine compiles the others, and the tests, except those of the transport
/// on reqwest.
const DIFFERENT: &[&str] = &[
    "--package=openrouter-oauth-cli",
    "--package=openrouter-oauth-login",
    "--package=openrouter-oauth-transport-hyper",
    "--features=openrouter-oauth-login/keychain",
];

/// Variables that replace Apple's tools, which alone build ring's C code for macOS. Clippy links nothing, so it can
/// check all Rust code with a compiler that does nothing.
const NO_C_COMPILER: [(&str, &str); 3] =
    [("CC_aarch64_apple_darwin", "true"), ("AR_aarch64_apple_darwin", "true"), ("SDKROOT", "/")];

/// The command with which `platforms` starts each test program for Windows.
pub(crate) use self::wine::{START as UNDER_WINE, start as run_under_wine};

pub(crate) fn run() -> Result {
    let (mut report, mut errors) = (Vec::new(), Vec::new());
    for check in CHECKS {
        println!("\n--- {}", check.name);
        let start = Instant::now();
        let verdict = match check.start() {
            Ok(None) => "ok".to_owned(),
            Ok(Some(tool)) => format!("NOT CHECKED, because this machine lacks {tool}"),
            Err(error) => {
                errors.push(format!("{}: {error}", check.name));
                "FAILED".to_owned()
            }
        };
        report.push(format!("{:>10.1}  {}: {verdict}", start.elapsed().as_secs_f64(), check.name));
    }
    println!("\n   seconds  check\n{}", report.join("\n"));
    fail_on(&errors)
}

impl Check {
    /// Runs the check, unless the machine lacks a tool. Returns that tool.
    fn start(&self) -> Result<Option<Tool>> {
        let is_required = env::var_os("REQUIRE_TOOLS").is_some_and(|value| value == "1");
        for tool in self.tools {
            let is_there = tool.is_present()? || is_required && tool.install()?;
            if !is_there {
                return Ok(Some(*tool));
            }
        }
        (self.run)()?;
        Ok(None)
    }
}

/// Checks each of these lists of packages together for a target.
///
/// Each published package whose dependencies differ between systems is also checked alone and without its tests: the
/// other packages and the dependencies of tests can enable features that the package itself should enable. For the other
/// packages, `features` checks that.
fn clippy_all(target: &str, together: &[&[&str]], variables: &[(&str, &str)]) -> Result {
    let mut alone = workspace::published()?;
    alone
        .retain(|package| package.dependencies.iter().any(|other| !other.is_dev() && other.target.is_some()));
    let alone = alone.iter().map(|package| clippy(target, &["--package", &package.name], variables));
    let together = together.iter().map(|packages| clippy(target, packages, variables));
    process::run_all(together.chain(alone))
}

/// Returns the command for clippy, which also reports every error of `cargo check`, with warnings denied.
fn clippy(target: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = process::cargo(["clippy", "--quiet", "--target", target]);
    command.args(arguments).args(["--", "-D", "warnings"]).envs(variables.iter().copied());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn started(tools: &'static [Tool]) -> Result<Option<Tool>> {
        Check { name: "", tools, run: || Err("it ran".into()) }.start()
    }

    #[test]
    fn check_runs_only_with_its_tools() {
        const CARGO: Tool = Tool::Program { name: "cargo", package: "cargo" };
        const MISSING: Tool = Tool::Program { name: "no-such-program", package: "no-such-package" };
        assert_eq!(started(&[CARGO]).unwrap_err().to_string(), "it ran");
        let missing = started(&[CARGO, MISSING]).unwrap().unwrap();
        assert!(missing.to_string().starts_with("no-such-program"), "{missing}");
    }
}
