//! What one exchange costs through the SDK beside the same by hand on hyper-util: instructions and allocations. And what a
//! wrong nonce costs: the same, wherever it is wrong.
//!
//! `cargo xtask bench` runs this. Each client runs under callgrind in a process of its own, against a server in another,
//! once with fewer exchanges and once with more: the difference has neither start-up nor connecting in it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports on a terminal")]

mod by_hand;
mod by_sdk;
mod canned;
mod measure;
mod nonce;
mod profile;
mod report;

use std::{env, error::Error, process::ExitCode};

use crate::measure::{Measured, Server};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// At most this many times the instructions of the exchange by hand.
const LIMIT: f64 = 1.25;

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

/// Without arguments it measures; with them it is one of the processes that it starts for that.
fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => {
            nonce::compare()?;
            compare()
        }
        ["serve"] => canned::serve(),
        ["nonce"] => nonce::compare(),
        ["nonce", nonce] => nonce::run(nonce),
        [client, server, exchanges] => exchange(client, server, exchanges.parse()?),
        _ => Err("it takes no arguments".into()),
    }
}

fn compare() -> Result<()> {
    let server = Server::start()?;
    let hand = Measured::of("hand", &server)?;
    let sdk = Measured::of("sdk", &server)?;
    let ratio = report::print(&hand, &sdk);
    // Not `>`: a ratio that is not a number must fail as well.
    if ratio <= LIMIT {
        Ok(())
    } else {
        Err(format!("the limit is {LIMIT} times the instructions of the exchange by hand").into())
    }
}

/// Makes that many exchanges, one after another, on one thread.
fn exchange(client: &str, server: &str, exchanges: u32) -> Result<()> {
    let url = format!("http://{server}/api/v1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match client {
            "hand" => by_hand::exchange(&url, exchanges).await,
            "sdk" => by_sdk::exchange(&url, exchanges).await,
            _ => Err("there is no such client".into()),
        }
    })
}
