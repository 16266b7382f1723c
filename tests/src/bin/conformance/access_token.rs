//! Verifies the emulator's access tokens with an independent implementation of RFC 9068.

use openrouter_oauth_tests::Result;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{emulator::EmulatorProcess, install::Installed, responses};

/// The audience of the access tokens.
const AUDIENCE: &str = "https://openrouter.ai/api/v1";

/// Checks that oauth4webapi accepts an access token for its audience, and rejects it for another.
///
/// # Errors
///
/// If it does otherwise.
pub(crate) async fn check(installed: &Installed) -> Result {
    let emulator = EmulatorProcess::start().await?;
    let token = responses::exchange_token(&emulator).await?;
    let token = token["access_token"].as_str().ok_or("there is no access token")?;
    let verify = async |audience| {
        let mut node = Command::new("node");
        node.arg(installed.script("token.mjs")).args([emulator.base_url(), token, audience]);
        node.kill_on_drop(true).output().await
    };
    let accepted = verify(AUDIENCE).await?;
    if !accepted.status.success() {
        return Err(format!("rejected: {}", String::from_utf8_lossy(&accepted.stderr)).into());
    }
    let claims: Value = serde_json::from_slice(&accepted.stdout)?;
    if claims["scope"] != json!("inference") {
        return Err(format!("accepted with {claims}").into());
    }
    let rejected = verify("https://another.example").await?;
    let why = String::from_utf8_lossy(&rejected.stderr);
    if rejected.status.success() || !why.contains("aud") {
        return Err(format!("another audience led to {}: {why}", rejected.status).into());
    }
    Ok(())
}
