//! Drives OpenRouter's official SDKs against the emulator: what they make of its answers tells whether it is
//! believable.
//!
//! `cargo xtask conformance` runs this. It installs both SDKs at pinned versions, asks each the same table of
//! questions, prints one line for every case, and fails if one of them differs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

mod case;
mod cases;
mod driver;
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

/// Runs every case against both SDKs and says how many failed.
async fn run() -> Result<usize, String> {
    let installed = install::install()?;
    let mut drivers = [Driver::start(Sdk::Python, &installed)?, Driver::start(Sdk::TypeScript, &installed)?];
    let (mut run, mut failed) = (0, 0);
    for case in cases::all() {
        for driver in &mut drivers {
            let (sdk, name) = (driver.sdk, case.name);
            if let Some((_, reason)) = case.inexpressible.filter(|(left_out, _)| *left_out == sdk) {
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
