//! Checks and other tasks of this repository. `cargo xtask` lists them.
//!
//! A command that only starts cargo is a row of the table in `ci.rs`. Every other command is a file. This crate depends
//! on none of ours, so that it runs even while they do not compile. If a command needs them, it starts a program of the
//! package `openrouter-oauth-tests`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

use std::{env, process::ExitCode};

use crate::{platforms::Packages, result::Result};

mod ci;

mod api;
mod consumers;
mod features;
mod fuzz;
mod layers;
mod lint;
mod msrv;
mod package;
mod platforms;
mod tidy;

mod aws_lc;
mod help;
mod process;
mod result;
mod workspace;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] | ["help" | "-h" | "--help"] => {
            print!("{}", help::HELP);
            Ok(())
        }
        ["ci", steps @ ..] => ci::run(steps, run),
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
        ["api"] => api::run(false),
        ["api", "--write"] => api::run(true),
        ["browser", ..] => {
            // The browser program starts it.
            consumers::build("web")?;
            ci::start(step)
        }
        ["consumers"] => consumers::run(),
        ["features"] => features::run(),
        ["fuzz", arguments @ ..] => fuzz::run(arguments),
        ["layers"] => layers::run(),
        ["lint"] => lint::run(),
        ["msrv"] => msrv::run(),
        ["package"] => package::run(false),
        ["package", "--release"] => package::run(true),
        ["platforms"] => platforms::run(Packages::UsingTheSystem),
        ["platforms", "--all"] => platforms::run(Packages::All),
        [platforms::UNDER_WINE, program @ ..] => platforms::run_under_wine(program),
        ["tidy"] => tidy::run(),
        step => ci::start(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_command_is_an_error_that_names_it() {
        for unknown in [&["frobnicate", "now"][..], &["faults", "now"], &["spec"], &["package", "now"], &[]] {
            let error = run(unknown).unwrap_err();
            assert!(
                error.to_string().starts_with(&format!("no such command: {}; ", unknown.join(" "))),
                "{error}"
            );
        }
    }
}
