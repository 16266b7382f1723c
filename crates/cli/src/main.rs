//! Sign in with OpenRouter from a shell, and a demo of `openrouter-oauth`.

// In reading order: start with `demo`.
mod args;
mod demo;

// One file per subcommand.
mod create_code;
mod emulator;
mod exchange;
mod jwks;
mod key;
mod pkce;
mod token;
mod url;

// What they share.
mod client;
mod exit;
mod input;
mod output;
mod pending_file;
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
    match run(args, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

fn run(args: Args, output: Output) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let result = runtime.block_on(dispatch(args, output));
    // Does not wait for a name that is still being looked up.
    runtime.shutdown_background();
    result
}

async fn dispatch(args: Args, output: Output) -> Result<(), Failure> {
    let server = args.server.as_deref();
    if server.is_some() && matches!(args.command, Command::Emulator(_) | Command::Pkce) {
        return Err(Failure::Usage("this command calls no service: leave --server out"));
    }
    match args.command {
        Command::Demo => demo::run(server, output).await,
        Command::Emulator(options) => emulator::run(&options, output).await,
        Command::Pkce => pkce::run(output),
        Command::Url(options) => url::run(options, server, output),
        Command::Exchange(options) => exchange::run(&options, &client::new(server)?, output).await,
        Command::CreateCode(options) => {
            let (client, _) = client::with_key(server)?;
            create_code::run(options, &client, output).await
        }
        Command::Key(options) => {
            let (client, key) = client::with_key(server)?;
            key::run(&options, &client, &key, output).await
        }
        Command::Token(options) => token::run(options, &client::new(server)?, output).await,
        Command::Jwks => jwks::run(&client::new(server)?, output).await,
    }
}
