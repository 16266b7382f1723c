//! A command-line tool that signs in with OpenRouter and manages the API key, and a demo of `openrouter-oauth`.

// In reading order: start with `demo`.
mod args;
mod demo;

// One file per subcommand.
mod completions;
mod create_code;
mod emulator;
mod exchange;
mod exchange_token;
mod jwks;
mod keys;
mod login;
mod logout;
mod man;
mod pkce;
mod status;
mod token;
mod url;

// Shared by the subcommands.
mod client;
mod exit;
mod input;
mod json;
mod key;
mod output;
mod pending_file;
mod port_file;
mod signals;
mod spinner;
mod store;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime;

use crate::{
    args::{Args, Command},
    exit::Failure,
    output::Output,
};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage::report(&error),
    };
    let output = Output::new(args.json);
    let service = args.service.clone();
    match run(args, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let failure = failure.with_arguments(&service.as_arguments());
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

fn run(args: Args, output: Output) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let result = runtime.block_on(dispatch(args, output));
    // Don't wait for a DNS lookup that is still running.
    runtime.shutdown_background();
    result
}

async fn dispatch(args: Args, output: Output) -> Result<(), Failure> {
    let service = &args.service;
    if service.is_given() && !calls_a_service(&args.command) {
        return Err(Failure::Usage(
            "this command does not call a service; omit --server and --insecure-http",
        ));
    }
    let client = || client::new(service);
    match args.command {
        Command::Login(options) => login::run(options, &client()?, output).await,
        Command::Logout(options) => logout::run(&options, &client()?, output).await,
        Command::Status(options) => status::run(&options, &client()?, output).await,
        Command::Token(options) => token::run(&options, &client()?, output).await,
        Command::Keys(command) => keys::run(&command, &client()?, output).await,
        Command::Url(options) => url::run(options, service, output),
        Command::Exchange(options) => exchange::run(&options, &client()?, output).await,
        Command::CreateCode(options) => create_code::run(options, &client()?, output).await,
        Command::ExchangeToken(options) => exchange_token::run(options, &client()?, output).await,
        Command::Jwks => jwks::run(&client()?, output).await,
        Command::Pkce => pkce::run(output),
        Command::Demo => demo::run(service, output).await,
        Command::Emulator(options) => emulator::run(&options, output).await,
        Command::Completions(options) => completions::run(&options, output),
        Command::Man(options) => man::run(&options, output),
    }
}

/// Returns whether a command calls a service or looks up its key.
fn calls_a_service(command: &Command) -> bool {
    !matches!(command, Command::Pkce | Command::Emulator(_) | Command::Completions(_) | Command::Man(_))
}
