//! `platforms`: checks the code for other systems than this one, and runs the tests for Windows under wine and those for
//! wasm32 in Node.js.
//!
//! Without `--all`, wine and macOS get only the packages that depend most on the system, and clippy does not run for
//! Windows.
//!
//! A machine may lack a target or a program. The command then names the checks that it leaves out. With
//! `REQUIRE_TOOLS=1`, it adds missing targets, and fails if a program from crates.io is missing.

use std::{env, process::Command, time::Instant};

pub(crate) use self::packages::Packages;
use self::tool::Tool;
use crate::{
    aws_lc::REQWEST_WITHOUT_AWS_LC,
    process,
    result::{Result, fail_on},
    workspace,
};

mod packages;
mod tool;
mod wasm;
mod wine;

/// A check for one system.
struct Check {
    name: &'static str,
    tools: &'static [Tool],
    /// Whether it runs only for [`Packages::All`].
    is_extra: bool,
    run: fn(Packages) -> Result,
}

const CHECKS: &[Check] = &[
    Check {
        name: "Windows: clippy",
        tools: &[Tool::Target(wine::TARGET), wine::MINGW],
        // For each change, only the compiler checks the code for Windows, when it compiles wine's tests. They do not
        // include the keychain.
        is_extra: true,
        run: |_| clippy_all(wine::TARGET, Packages::UsingTheSystem, &[KEYCHAIN], &[]),
    },
    Check {
        name: "Windows: the tests, under wine",
        tools: &[wine::PROCESSOR, Tool::Target(wine::TARGET), wine::MINGW, wine::WINE],
        is_extra: false,
        run: wine::test,
    },
    Check {
        name: "macOS: clippy",
        tools: &[Tool::Target(MACOS)],
        is_extra: false,
        // With the tests, so that they compile on the real system.
        run: |packages| clippy_all(MACOS, packages, &[KEYCHAIN, "--all-targets"], &NO_C_COMPILER),
    },
    Check {
        name: "wasm32: clippy",
        tools: &[Tool::Target(wasm::TARGET)],
        is_extra: false,
        run: |_| process::run(&mut clippy(wasm::TARGET, wasm::LIBRARIES, &[wasm::SETTINGS])),
    },
    Check {
        name: "wasm32: the tests, in Node.js",
        tools: &[Tool::Target(wasm::TARGET), wasm::NODE, wasm::RUNNER],
        is_extra: false,
        run: |_| wasm::test(),
    },
];

const MACOS: &str = "aarch64-apple-darwin";

/// The keychain, which is another crate on each system.
const KEYCHAIN: &str = "--features=openrouter-oauth-cli/keychain";

/// Variables that replace Apple's tools, which alone build ring's C code for macOS. Clippy links nothing, so it can
/// check all Rust code with a compiler that does nothing.
const NO_C_COMPILER: [(&str, &str); 3] =
    [("CC_aarch64_apple_darwin", "true"), ("AR_aarch64_apple_darwin", "true"), ("SDKROOT", "/")];

/// The command with which `platforms` starts each test program for Windows.
pub(crate) use self::wine::{START as UNDER_WINE, start as run_under_wine};

pub(crate) fn run(packages: Packages) -> Result {
    let (mut report, mut errors) = (Vec::new(), Vec::new());
    for check in CHECKS.iter().filter(|check| packages == Packages::All || !check.is_extra) {
        println!("\n--- {}", check.name);
        let start = Instant::now();
        let verdict = match check.start(packages) {
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
    fn start(&self, packages: Packages) -> Result<Option<Tool>> {
        let is_required = env::var_os("REQUIRE_TOOLS").is_some_and(|value| value == "1");
        for tool in self.tools {
            let is_there = tool.is_present()? || is_required && tool.install()?;
            if !is_there {
                return Ok(Some(*tool));
            }
        }
        (self.run)(packages)?;
        Ok(None)
    }
}

/// Checks the packages for a target: all together, with these options, and each whose dependencies differ between systems
/// alone and without its tests. The other packages and the dependencies of tests can enable features that the package
/// itself should enable. For the other packages, `features` and `package` check that.
fn clippy_all(target: &str, packages: Packages, options: &[&str], variables: &[(&str, &str)]) -> Result {
    let mut alone = workspace::published()?;
    alone
        .retain(|package| package.dependencies.iter().any(|other| !other.is_dev() && other.target.is_some()));
    let alone = alone.iter().map(|package| clippy(target, &["--package", &package.name], variables));
    let mut together = vec![[packages.options(), options].concat()];
    together.extend((packages == Packages::All).then(|| REQWEST_WITHOUT_AWS_LC.to_vec()));
    let together = together.iter().map(|arguments| clippy(target, arguments, variables));
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
        Check { name: "", tools, is_extra: false, run: |_| Err("it ran".into()) }.start(Packages::All)
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
