//! `emulator`: runs an emulator of OpenRouter's OAuth on this machine.

use openrouter_oauth_emulator::Emulator;
use serde_json::json;

use crate::{args::EmulatorOptions, exit::Failure, output::Output, signals::Signals};

pub(crate) async fn run(options: &EmulatorOptions, output: Output) -> Result<(), Failure> {
    // Listen before printing the URL, because its reader may stop the program at once.
    let mut signals = Signals::listen().map_err(Failure::Runtime)?;
    let server = Emulator::new().serve(options.port).await?;
    let base_url = server.base_url();
    output.result(&json!({ "base_url": base_url }), &base_url)?;
    output.note(
        "This is an emulator of OpenRouter's OAuth. Its keys work nowhere else. Press Ctrl-C to stop it.",
    );
    signals.next().await;
    server.shutdown().await;
    Ok(())
}
