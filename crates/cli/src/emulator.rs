//! `emulator`: serves OpenRouter's OAuth on this machine.

use openrouter_oauth_emulator::Emulator;
use serde_json::json;

use crate::{args::EmulatorOptions, exit::Failure, output::Output, signals::Signals};

pub(crate) async fn run(options: &EmulatorOptions, output: Output) -> Result<(), Failure> {
    // First of all: whoever reads the URL may stop the program at once.
    let mut signals = Signals::listen().map_err(Failure::Runtime)?;
    let server = Emulator::new().serve(options.port).await?;
    let base_url = server.base_url();
    output.result(&json!({ "base_url": base_url }), &base_url)?;
    output.note("This emulates OpenRouter's OAuth; its keys open nothing. Stop it with Ctrl-C.");
    signals.next().await;
    server.shutdown().await;
    Ok(())
}
