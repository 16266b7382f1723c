//! One response of the emulator for each operation.

use std::collections::BTreeMap;

use openrouter_oauth_tests::Result;
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::emulator::{EmulatorProcess, receive_json, with_json};

/// The form of a token exchange. The token is `{"alg":"ES256"}`, `{"sub":"ci"}`, `sig`: well formed, and without an
/// expiry.
pub(crate) const TOKEN_EXCHANGE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange\
    &federation_policy_id=policy&subject_token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln\
    &subject_token_type=urn:ietf:params:oauth:token-type:jwt";

/// Calls every operation of a new emulator, and returns the responses by OpenRouter's names of the operations.
///
/// # Errors
///
/// If a call fails.
pub(crate) async fn collect() -> Result<BTreeMap<&'static str, Value>> {
    let emulator = EmulatorProcess::start().await?;
    let code = emulator.approve_without_pkce().await?;
    let exchange = with_json(emulator.api(Method::POST, "/auth/keys"), &json!({ "code": code }));
    let granted = receive_json(exchange).await?;
    let key = granted["key"].as_str().unwrap_or_default();
    let create = emulator.api(Method::POST, "/auth/keys/code").bearer_auth(emulator.create_key().await?);
    let created = receive_json(with_json(create, &json!({ "callback_url": "https://my.app" }))).await?;
    let current_key = receive_json(emulator.api(Method::GET, "/key").bearer_auth(key)).await?;
    Ok(BTreeMap::from([
        ("exchangeAuthCodeForAPIKey", granted),
        ("createAuthKeysCode", created),
        ("getCurrentKey", current_key),
        ("createOauthToken", exchange_token(&emulator).await?),
        ("listOauthJwks", receive_json(emulator.api(Method::GET, "/oauth/jwks")).await?),
    ]))
}

/// Exchanges an identity provider's token for an access token.
///
/// # Errors
///
/// If the call fails.
pub(crate) async fn exchange_token(emulator: &EmulatorProcess) -> Result<Value> {
    let request = emulator.api(Method::POST, "/oauth/token");
    receive_json(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(TOKEN_EXCHANGE)).await
}
