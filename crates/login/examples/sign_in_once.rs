//! Signs the user in once. The next run finds the stored key, and signs in again only if OpenRouter rejects it.
//!
//! ```sh
//! cargo run -p openrouter-oauth-login --example sign_in_once
//! ```
//!
//! To use the emulator instead of OpenRouter, start it in another terminal, and pass its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth-login --example sign_in_once -- http://127.0.0.1:8080/api/v1
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows its result")]

use std::{env, error::Error, process::ExitCode};

use openrouter_oauth::{Client, models::ServerText};
use openrouter_oauth_login::{Ensured, FileStore, Login, SignedIn};

#[tokio::main]
async fn main() -> ExitCode {
    let Err(error) = run().await else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut builder = Client::builder();
    if let Some(base_url) = env::args().nth(1) {
        builder = builder.base_url(base_url);
    }
    let client = builder.build()?;
    let store = FileStore::for_program("sign_in_once")?;
    let ensured = Login::new(&client).store(store.clone()).ensure().await?;
    match ensured {
        Ensured::Accepted { info, .. } => {
            // OpenRouter's text, made safe to print.
            let label = ServerText::new(info.label.as_deref().unwrap_or("without a label"));
            let spent = info.usage.unwrap_or_default();
            println!("You are already signed in. The key {label:?} has spent ${spent:.2}.");
        }
        Ensured::Unchecked { error, .. } => eprintln!("Could not check the stored key: {error}"),
        Ensured::SignedIn(SignedIn { not_stored: Some(error), .. }) => {
            eprintln!("You are signed in, but the key was not stored: {error}");
        }
        Ensured::SignedIn(new) => {
            println!("You are signed in. The key is stored in {}.", store.path().display());
            if let Some(old) = new.replaced {
                println!("It replaces a key that OpenRouter rejected: {}", old.settings());
            }
        }
        _ => {}
    }
    Ok(())
}
