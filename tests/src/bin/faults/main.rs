//! Tests the SDK with every fault of a network, a server or a caller, and prints one table of the results.
//!
//! `cargo xtask faults` runs this in release mode. With `--planted`, it runs the sweep, the proxies, and the lives of
//! keys against transports that break a rule, and fails unless it detects each one. With `--listener`, it runs only the
//! parts that test the listener of a login. With `--proxies`, `--sign-ins`, or `--keys`, it runs only that part.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "a panic fails the run")]

// The sweep: a fault at every byte.
mod backend;
mod case;
mod faulty_stream;
mod operation;
mod planted;
mod response;
mod server;
mod sweep;
mod verdict;

// The other parts.
mod attack;
mod cancel;
mod echo_scan;
mod file_limit;
mod flood;
mod gateway_page;
mod log_scan;
mod many_keys;
mod many_logins;
mod many_sign_ins;
mod proxies;

// Shared by the parts.
mod cli;
mod memory;
mod resources;
mod secret_forms;
mod table;
mod traces;

use std::{env, process::ExitCode, sync::Arc};

use openrouter_oauth_tests::Result;

use crate::table::Table;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every rule held.
fn run(arguments: &[&str]) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments {
        ["--planted"] => runtime.block_on(planted::run()),
        ["scan", paths @ ..] => log_scan::run(paths),
        ["serve"] => runtime.block_on(many_sign_ins::serve()),
        ["attack", port] => runtime.block_on(attack::attack(port.parse()?)),
        ["file-limit"] => runtime.block_on(file_limit::listen()),
        ["--listener"] => runtime.block_on(run_listener_parts()),
        ["--proxies"] => runtime.block_on(run_proxies()),
        ["--sign-ins"] => runtime.block_on(run_sign_ins()),
        ["--keys"] => runtime.block_on(run_keys()),
        [] => runtime.block_on(run_all()),
        _ => {
            Err("usage: faults [--listener | --planted | --proxies | --sign-ins | --keys | scan PATH...]"
                .into())
        }
    }
}

async fn run_all() -> Result<bool> {
    let mut table = Table::new();
    Table::print_header();
    for plan in sweep::SWEEPS {
        sweep::run(plan, &mut table).await?;
    }
    proxies::run(|transport| Arc::new(transport), &mut table).await?;
    cancel::run(&mut table).await?;
    flood::run(&mut table).await?;
    many_sign_ins::run(&mut table).await?;
    many_logins::run(&mut table).await?;
    many_keys::run(|emulator| Arc::new(emulator), many_keys::LIVES_IN_ALL, &mut table).await?;
    add_listener_parts(&mut table).await?;
    echo_scan::run(&mut table).await?;
    println!("{}", table.summary());
    Ok(table.violations.is_empty())
}

async fn run_proxies() -> Result<bool> {
    let mut table = Table::new();
    proxies::run(|transport| Arc::new(transport), &mut table).await?;
    Ok(table.violations.is_empty())
}

async fn run_sign_ins() -> Result<bool> {
    let mut table = Table::new();
    many_sign_ins::run(&mut table).await?;
    Ok(table.violations.is_empty())
}

async fn run_keys() -> Result<bool> {
    let mut table = Table::new();
    many_keys::run(|emulator| Arc::new(emulator), many_keys::LIVES, &mut table).await?;
    Ok(table.violations.is_empty())
}

async fn run_listener_parts() -> Result<bool> {
    let mut table = Table::new();
    add_listener_parts(&mut table).await?;
    Ok(table.violations.is_empty())
}

async fn add_listener_parts(table: &mut Table) -> Result<()> {
    attack::run(table).await?;
    file_limit::run(table).await
}
