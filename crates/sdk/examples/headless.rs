//! Signs in without a callback: prints a URL, and reads the code that the user pastes.
//!
//! ```sh
//! cargo run -p openrouter-oauth --example headless
//! ```
//!
//! To use the emulator instead of OpenRouter, start it in another terminal, and pass its base URL:
//!
//! ```sh
//! cargo run -p openrouter-oauth-cli -- emulator --port 8080
//! cargo run -p openrouter-oauth --example headless -- http://127.0.0.1:8080/api/v1
//! ```
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "the example talks to its user")]

use std::{env, error::Error, io, process::ExitCode};

use openrouter_oauth::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut builder = Client::builder();
    if let Some(base_url) = env::args().nth(1) {
        builder = builder.base_url(base_url);
    }
    let client = builder.build()?;

    let (url, mut sign_in) = client.authorize_headless().key_label("headless example").begin()?;
    println!("Open this URL in a browser:\n\n{url}\n\nThen paste the code here:");
    let grant = loop {
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            return Err("no code was pasted".into());
        }
        let code = match sign_in.read_pasted(&line) {
            Ok(code) => code,
            Err(error) => {
                println!("That is not a code: {error}. Paste it again:");
                continue;
            }
        };
        match sign_in.exchange(&client, &code).await {
            Err(error) if error.is_rejected_code() => {
                println!("OpenRouter rejected that code. Paste another one:");
            }
            result => break result?,
        }
    };

    match &grant.user_id {
        Some(user) => println!("Signed in as {user}."),
        None => println!("Signed in."),
    }
    // A real program stores `grant.key`.
    println!(
        "This example does not keep the key \"headless example\". Delete it in your OpenRouter settings."
    );
    Ok(())
}

fn print_error(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("caused by: {error}");
        cause = error.source();
    }
}
