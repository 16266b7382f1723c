//! What a fault of a network, a server or a caller does to the SDK: every one is tried, and one table says what came of it.
//!
//! `cargo xtask faults` runs this in release. With `--planted` it runs the sweep against transports that break a rule,
//! and fails unless it notices each; with `--listener` it runs what concerns the listener of a login.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]
#![expect(clippy::indexing_slicing, reason = "a panic fails the run")]

// The sweep: a fault at every byte.
mod answer;
mod case;
mod line;
mod peer;
mod planted;
mod sweep;
mod verdict;

// The other parts.
mod cancel;
mod crowd;
mod flood;
mod hostile;
mod logins;
mod said;
mod scan;
mod squeeze;

// What they share.
mod cli;
mod left;
mod memory;
mod needles;
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
        ["said", paths @ ..] => said::run(paths),
        ["serve"] => runtime.block_on(crowd::serve()),
        ["attack", port] => runtime.block_on(hostile::attack(port.parse()?)),
        ["squeezed"] => runtime.block_on(squeeze::listen()),
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
    crowd::run(&mut table).await?;
    logins::run(&mut table).await?;
    listen(&mut table).await?;
    scan::run(&mut table).await?;
    println!("{}", table.sum());
    Ok(table.misses.is_empty())
}

async fn listener() -> Result<bool> {
    let mut table = Table::new();
    listen(&mut table).await?;
    Ok(table.misses.is_empty())
}

async fn listen(table: &mut Table) -> Result<()> {
    hostile::run(table).await?;
    squeeze::run(table).await
}
