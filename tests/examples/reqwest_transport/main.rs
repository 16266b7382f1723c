//! A client that sends requests through reqwest. `transport.rs` contains the whole transport. `tests/it/contract.rs`
//! checks that the transport satisfies the contract.
//!
//! ```sh
//! cargo run -p openrouter-oauth-tests --example reqwest_transport
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod transport;

use std::{
    error::Error,
    time::{Duration, Instant},
};

use openrouter_oauth::Client;
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_models::ApiKey;
use openrouter_oauth_transport::{SleepFuture, Timer};

use crate::transport::ReqwestTransport;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Replaces OpenRouter, which would need one of reqwest's TLS features.
    let emulator = Emulator::new();
    let server = emulator.serve(0).await?;

    let client = Client::builder()
        .base_url(server.base_url())
        .api_key(ApiKey::parse(&emulator.issue_key())?)
        .transport(ReqwestTransport::new()?)
        .timer(TokioTimer)
        .build()?;
    println!("{:?}", client.current_key().await?);

    server.shutdown().await;
    Ok(())
}

/// A timer on the runtime's clock, for the deadlines that the client enforces.
#[derive(Debug)]
struct TokioTimer;

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}
