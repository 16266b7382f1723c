//! Compares the work of the SDK with the same work by hand, in instructions and allocations, and enforces the limits of
//! `row.rs`. Also checks that rejecting a wrong attempt ID always takes the same number of instructions.
//!
//! `cargo xtask bench` runs this. Each side of a row runs under callgrind in its own process, with a server in another.
//! Callgrind counts only the repeated work: starting, connecting, and the first exchanges do not count, except in the
//! rows of whole processes. Both sides are optimized together, with the same options, and send the same requests. Two
//! rows show what an exchange costs the SDK over reqwest and over ureq, instead of its default transport.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

mod allocations;
mod attempt_id;
mod by_hand;
mod by_sdk;
mod canned;
mod capture;
mod cpu;
mod limit;
mod measure;
mod planted;
mod profile;
mod report;
mod row;
mod server;
mod side;
mod web;
mod worker;

use std::{env, path::Path, process::ExitCode};

use openrouter_oauth_tests::Result;

use crate::{
    limit::Measured,
    measure::Measurement,
    row::{EXCHANGE_AUTH_CODE, PENDING, REJECTED, ROWS, Row},
    server::ServerProcess,
    side::{SDK, SDK_WITH_ALLOCATION, SDK_WITH_HEADERS},
};

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

/// Without arguments, measures everything. The last three start a process that is measured, or the server.
fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => {
            attempt_id::compare()?;
            capture::compare()?;
            web::compare()?;
            compare()
        }
        ["--planted"] => find_planted(),
        ["cpu"] => cpu::compare(cpu::DEFAULT_PAIRS),
        ["cpu", pairs] => cpu::compare(pairs.parse()?),
        ["web"] => {
            web::compare()?;
            web::print_rate()
        }
        ["web", row] => web::run(row),
        ["attempt-id"] => attempt_id::compare(),
        ["attempt-id", attempt_id] => attempt_id::run(attempt_id),
        ["work", side, row, repetitions, base_url] => worker::run(side, row, repetitions, base_url),
        ["serve", roots] => server::serve(Path::new(roots)),
        _ => Err("unexpected argument".into()),
    }
}

/// Measures every row, and checks the limits.
fn compare() -> Result<()> {
    let server = ServerProcess::start()?;
    let mut measurements = Vec::new();
    report::print_heading();
    for row in ROWS {
        let measurement = Measurement::new(row, row.sdk, &server)?;
        report::print_row(row.name, &measurement.measured());
        measurements.push((row, measurement));
    }
    let find = |name| measurements.iter().find(|(row, _)| row.name == name).map(|(_, found)| found);
    let pending = find(PENDING).ok_or("the pending sign-in is not measured")?;
    let rejected = find(REJECTED).map(Measurement::measured);
    report::print_details(PENDING, pending);
    let problems = measurements
        .iter()
        .flat_map(|(row, measurement)| problems(row, &measurement.measured(), rejected.as_ref()));
    let problems: Vec<_> = problems.collect();
    report::print_ratios(&pending.measured());
    if problems.is_empty() { Ok(()) } else { Err(format!("over the limit:\n{}", problems.join("\n")).into()) }
}

fn problems(row: &Row, measured: &Measured, rejected: Option<&Measured>) -> Vec<String> {
    let problems = row.limits.iter().filter_map(|limit| measured.check(*limit, rejected));
    problems.map(|problem| format!("{}: {problem}", row.name)).collect()
}

/// Checks that the limits of both exchanges find each planted regression, and nothing without one.
fn find_planted() -> Result<()> {
    let server = ServerProcess::start()?;
    for name in [EXCHANGE_AUTH_CODE, PENDING] {
        let row = Row::find(name)?;
        for side in [SDK, SDK_WITH_ALLOCATION, SDK_WITH_HEADERS] {
            let problems = problems(row, &Measurement::new(row, side, &server)?.measured(), None);
            match (side, problems.join("; ")) {
                (SDK, problems) if problems.is_empty() => println!("{name}, {side}: within the limits"),
                (SDK, problems) => {
                    return Err(format!("over the limit without a regression: {problems}").into());
                }
                (_, problems) if problems.is_empty() => {
                    return Err(format!("{name}, {side}: the limits do not find the regression").into());
                }
                (_, problems) => println!("{name}, {side}: found: {problems}"),
            }
        }
    }
    Ok(())
}
