//! `emulator`: serves OpenRouter's OAuth on this machine.

use std::io;

use openrouter_oauth_emulator::Emulator;
use serde_json::json;

use crate::{args::EmulatorOptions, exit::Failure, output::Output};

pub(crate) async fn run(options: &EmulatorOptions, output: Output) -> Result<(), Failure> {
    // First of all: whoever reads the URL may stop the program at once.
    let stopped = stopped().map_err(Failure::Runtime)?;
    let server = Emulator::new().serve(options.port).await?;
    let base_url = server.base_url();
    output.result(&json!({ "base_url": base_url }), &base_url)?;
    output.note("This emulates OpenRouter's OAuth; its keys open nothing. Stop it with Ctrl-C.");
    stopped.await;
    server.shutdown().await;
    Ok(())
}

/// Listens for Ctrl-C, and for what service managers send. The future waits for it.
#[cfg(unix)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Listens for Ctrl-C. The future waits for it.
#[cfg(windows)]
fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}
