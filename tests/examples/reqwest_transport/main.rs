//! A client of OpenRouter's on reqwest: `transport.rs` is all it takes. The suite that shows that it keeps the contract
//! runs in `tests/it/contract.rs`.
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
    // In the place of OpenRouter, which is reached through one of reqwest's TLS features.
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

/// The runtime's clock, for the deadlines that the client holds itself.
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
