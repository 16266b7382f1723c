//! Tests the emulator with OpenRouter's official SDKs: they must understand its responses. Tests the models, too: they
//! must have every field that the SDKs have.
//!
//! `cargo xtask conformance` runs this. It installs both SDKs at pinned versions, runs the same cases with each, prints
//! one line per case, and fails if a result is not the expected one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

mod case;
mod cases;
mod driver;
mod fields;
mod install;
mod pattern;
mod play;

use std::process::ExitCode;

use crate::driver::{Driver, Sdk};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("conformance: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every case with both SDKs, and returns the number of failures.
async fn run() -> Result<usize, String> {
    let installed = install::install()?;
    let mut drivers = [Driver::start(Sdk::Python, &installed)?, Driver::start(Sdk::TypeScript, &installed)?];
    let (mut run, mut failed) = (0, 0);
    for driver in &mut drivers {
        run += 1;
        let sdk = driver.sdk;
        match fields::check(driver).await {
            Ok(count) => println!("ok   {sdk:10} the models have its {count} fields"),
            Err(why) => {
                failed += 1;
                println!("FAIL {sdk:10} {why}");
            }
        }
    }
    for case in cases::all() {
        for driver in &mut drivers {
            let (sdk, name) = (driver.sdk, case.name);
            if let Some((_, reason)) = case.unsupported.filter(|(left_out, _)| *left_out == sdk) {
                println!("n/a  {sdk:10} {name}: {reason}");
                continue;
            }
            run += 1;
            match play::play(&case, driver).await {
                Ok(()) => println!("ok   {sdk:10} {name}"),
                Err(why) => {
                    failed += 1;
                    println!("FAIL {sdk:10} {name}: {why:.500}");
                }
            }
        }
    }
    println!("conformance: {run} cases, {failed} failed");
    Ok(failed)
}
