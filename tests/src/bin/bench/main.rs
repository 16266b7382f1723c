//! Measures one exchange through the SDK and one by hand on hyper-util, in instructions and allocations. Also checks
//! that rejecting a wrong attempt ID always takes the same number of instructions.
//!
//! `cargo xtask bench` runs this. Each client runs under callgrind in its own process, with a server in another, once
//! with fewer exchanges and once with more. The difference excludes start-up and connecting.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

mod attempt_id;
mod by_hand;
mod by_sdk;
mod canned;
mod measure;
mod profile;
mod report;

use std::{env, process::ExitCode};

use openrouter_oauth_tests::Result;

use crate::measure::{Measurement, ServerProcess};

/// How many times the instructions of the exchange by hand the SDK may use. Reading the response field by field takes
/// a tenth of that.
const MAX_RATIO: f64 = 1.27;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Without arguments, measures everything. With arguments, runs as one of the processes that the measurement starts.
fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => {
            attempt_id::compare()?;
            compare()
        }
        ["serve"] => canned::serve(),
        ["attempt-id"] => attempt_id::compare(),
        ["attempt-id", attempt_id] => attempt_id::run(attempt_id),
        [client, server, exchanges] => exchange(client, server, exchanges.parse()?),
        _ => Err("unexpected argument".into()),
    }
}

fn compare() -> Result<()> {
    let server = ServerProcess::start()?;
    let hand = Measurement::new("hand", &server)?;
    let sdk = Measurement::new("sdk", &server)?;
    let ratio = report::print(&hand, &sdk);
    // Not `>`, because NaN must fail as well.
    if ratio <= MAX_RATIO {
        Ok(())
    } else {
        Err(format!("the limit is {MAX_RATIO} times the instructions of the exchange by hand").into())
    }
}

/// Runs this many exchanges, one after another, on one thread.
fn exchange(client: &str, server: &str, exchanges: u32) -> Result<()> {
    let url = format!("http://{server}/api/v1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match client {
            "hand" => by_hand::exchange(&url, exchanges).await,
            "sdk" => by_sdk::exchange(&url, exchanges).await,
            _ => Err("unknown client".into()),
        }
    })
}
