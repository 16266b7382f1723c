//! What a fault of a network, a server or a caller does to the SDK: every one is tried, and one table says what came of it.
//!
//! `cargo xtask faults` runs this in release. With `--planted` it runs the sweep against transports that break a rule,
//! and fails unless it notices each; with `--listener` it runs what concerns the listener of a login.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "a panic fails the run")]

// The sweep: a fault at every byte.
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
mod log_scan;
mod many_logins;
mod many_sign_ins;

// What they share.
mod cli;
mod memory;
mod resources;
mod secret_forms;
mod table;
mod traces;

use std::{env, error::Error, process::ExitCode};

use crate::table::Table;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

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

/// So many faults are in the sweep, or it is not what it was.
const LEAST: usize = 20_000;

/// Whether nothing was missed.
fn run(arguments: &[&str]) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments {
        ["--planted"] => runtime.block_on(planted::run()),
        ["said", paths @ ..] => log_scan::run(paths),
        ["serve"] => runtime.block_on(many_sign_ins::serve()),
        ["attack", port] => runtime.block_on(attack::attack(port.parse()?)),
        ["squeezed"] => runtime.block_on(file_limit::listen()),
        ["--listener"] => runtime.block_on(listener()),
        [] => runtime.block_on(all()),
        _ => Err("its arguments are none, --listener, --planted, or said and paths".into()),
    }
}

async fn all() -> Result<bool> {
    let mut table = Table::new();
    Table::head();
    sweep::run(sweep::WHOLE, &mut table).await?;
    if table.cases < LEAST {
        return Err(format!("the sweep has fewer than {LEAST} faults").into());
    }
    cancel::run(&mut table).await?;
    flood::run(&mut table).await?;
    many_sign_ins::run(&mut table).await?;
    many_logins::run(&mut table).await?;
    listen(&mut table).await?;
    echo_scan::run(&mut table).await?;
    println!("{}", table.sum());
    Ok(table.misses.is_empty())
}

async fn listener() -> Result<bool> {
    let mut table = Table::new();
    listen(&mut table).await?;
    Ok(table.misses.is_empty())
}

async fn listen(table: &mut Table) -> Result<()> {
    attack::run(table).await?;
    file_limit::run(table).await
}
