//! The chores of this repository. `cargo xtask` lists them.
//!
//! One file per command. This crate depends on none of ours, so that it runs while they do not compile; a program
//! that needs them is a binary of the package `openrouter-oauth-tests`, which the command starts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks on the terminal")]

use std::{env, process::ExitCode};

mod ci;

mod bench;
mod browser;
mod conformance;
mod consumers;
mod deny;
mod docs;
mod doctest;
mod faults;
mod features;
mod fmt;
mod fuzz;
mod keychain;
mod layers;
mod lint;
mod msrv;
mod spec;
mod test;
mod tidy;

mod process;
mod workspace;

/// What every command returns. The error is what a user reads.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
cargo xtask COMMAND

  ci [STEP...]   every step, or those named, with the time of each; `spec` is written `spec=FILE`

  fmt            the format of every file
  lint           clippy, warnings denied: each package, all targets, with its sets of features
  test           unit, integration and doc tests; `layers` and `tidy` are among them
  doctest        doc tests alone
  docs           rustdoc, warnings denied
  layers         dependencies between our crates, and between the files of each, point one way; the light crates stay
                 light
  features       clippy, warnings denied: each package with each of its features alone, and with none
  tidy           house rules that no compiler holds: module docs, endpoint files, links, invariants
  deny           licenses, duplicate versions and sources of the dependencies (cargo-deny)
  msrv           each package compiles with the oldest compiler it promises, if that is at hand
  consumers      packages outside the workspace use the crates as their users do
  spec FILE      the models against an OpenAPI document
  conformance    other SDKs against the emulator (needs node, npm, python3 and the network)
  keychain       keys in the keychain of a desktop (needs dbus-run-session and gnome-keyring-daemon)
  browser [FOLDER]
                 a login in Chromium, also while other pages attack it (needs chromium and chromedriver); the folder
                 gets pictures of the pages
  faults [--planted | said PATH...]
                 every fault of a network, a server or a caller; or that the check notices broken transports; or that
                 a run of the tests, whose output and folder are named, showed no secret
  bench          instructions and allocations per exchange, and their limit (needs valgrind)
  fuzz           [TARGET] [SECONDS]: all parsers or one, on inputs that libFuzzer makes up (needs cargo-fuzz)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            Ok(())
        }
        ["ci", steps @ ..] => ci::run(steps),
        step => run(step),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command, given by its name and arguments.
fn run(step: &[&str]) -> Result {
    match step {
        ["bench"] => bench::run(),
        ["browser", folder @ ..] => browser::run(folder),
        ["conformance"] => conformance::run(),
        ["consumers"] => consumers::run(),
        ["deny"] => deny::run(),
        ["docs"] => docs::run(),
        ["doctest"] => doctest::run(),
        ["faults"] => faults::run(&[]),
        ["faults", "--planted"] => faults::run(&["--planted"]),
        ["faults", "said", paths @ ..] => faults::run(&[&["said"], paths].concat()),
        ["features"] => features::run(),
        ["fmt"] => fmt::run(),
        ["fuzz", arguments @ ..] => fuzz::run(arguments),
        ["keychain"] => keychain::run(),
        ["layers"] => layers::run(),
        ["lint"] => lint::run(),
        ["msrv"] => msrv::run(),
        ["spec", file] => spec::run(file),
        ["test"] => test::run(),
        ["tidy"] => tidy::run(),
        _ => Err(format!("no such command: {}; `cargo xtask` lists them", step.join(" ")).into()),
    }
}

/// Whether the list of commands has this one.
fn is_command(name: &str) -> bool {
    HELP.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(name))
}

/// Fails with every finding, one a line.
fn fail_on(findings: &[String]) -> Result {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("{} to mend:\n  {}", findings.len(), findings.join("\n  ")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_fails_with_its_name() {
        let error = run(&["frobnicate", "now"]).unwrap_err();
        assert!(error.to_string().contains("frobnicate now"), "{error}");
    }

    #[test]
    fn findings_fail_and_none_do_not() {
        assert!(fail_on(&[]).is_ok());
        let error = fail_on(&["a.rs: too long".into(), "b.rs: too short".into()]).unwrap_err();
        assert_eq!(error.to_string(), "2 to mend:\n  a.rs: too long\n  b.rs: too short");
    }
}
