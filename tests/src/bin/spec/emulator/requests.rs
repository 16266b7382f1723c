//! The requests that are sent to the emulator: for each operation, every documented status.

use std::time::Duration;

use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User};
use serde_json::{Value, json};

use super::sample::{Call, Sample};

const EXCHANGE: &str = "/auth/keys";
const CREATE: &str = "/auth/keys/code";
const KEY: &str = "/key";

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) async fn send_all() -> Result<Vec<Sample>, String> {
    let mut samples = exchanges().await?;
    samples.extend(created_codes().await?);
    samples.extend(keys().await?);
    Ok(samples)
}

async fn exchanges() -> Result<Vec<Sample>, String> {
    let emulator = Emulator::new();
    let pkce =
        |code: &str| json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" });
    let with = |code: &str, field: &str, value: Value| {
        let mut body = pkce(code);
        body[field] = value;
        body
    };
    let expired = approved_code(&emulator, &challenge()).await?;
    emulator.advance(Duration::from_secs(600));
    let code = approved_code(&emulator, &challenge()).await?;
    let bare = approved_code(&emulator, "").await?;
    let mut samples = Vec::new();
    for (case, expected, body) in [
        ("expired", 403, pkce(&expired)),
        ("wrong method", 400, with(&code, "code_challenge_method", json!("plain"))),
        ("wrong verifier", 403, with(&code, "code_verifier", json!("x".repeat(43)))),
        ("wrong type", 400, with(&code, "code_verifier", json!(1))),
        ("with PKCE", 200, pkce(&code)),
        ("used code", 400, pkce(&code)),
        ("without PKCE", 200, json!({ "code": bare })),
    ] {
        samples.push(post(EXCHANGE, case, expected, None, body.to_string()).send(&emulator).await?);
    }
    samples.push(post(EXCHANGE, "malformed JSON", 400, None, "{".to_owned()).send(&emulator).await?);
    samples.extend(injected(EXCHANGE, true, &[500]).await?);
    Ok(samples)
}

async fn created_codes() -> Result<Vec<Sample>, String> {
    let emulator = Emulator::new();
    let key = emulator.issue_management_key();
    let required = json!({ "callback_url": "https://my.app/callback" });
    let with = |field: &str, value: Value| {
        let mut body = every_option();
        body[field] = value;
        body.to_string()
    };
    let mut samples = Vec::new();
    for (case, expected, bearer, body) in [
        ("only what is required", 200, Some(&key), required.to_string()),
        ("every option", 200, Some(&key), every_option().to_string()),
        ("expires_at null", 200, Some(&key), with("expires_at", Value::Null)),
        ("invalid value", 400, Some(&key), with("limit", json!(-1))),
        ("wrong type", 400, Some(&key), with("limit", json!("1"))),
        ("malformed JSON", 400, Some(&key), "{".to_owned()),
        ("no key", 401, None, every_option().to_string()),
        ("unknown key", 401, Some(&"sk-or-v1-0".to_owned()), every_option().to_string()),
    ] {
        samples.push(post(CREATE, case, expected, bearer.cloned(), body).send(&emulator).await?);
    }
    samples.extend(injected(CREATE, true, &[403, 409, 500]).await?);
    Ok(samples)
}

async fn keys() -> Result<Vec<Sample>, String> {
    let emulator = Emulator::new();
    let management = emulator.issue_management_key();
    let create = post(CREATE, "every option", 200, Some(management.clone()), every_option().to_string());
    let code = create.send(&emulator).await?.text("/data/id")?;
    let bare = approved_code(&emulator, "").await?;
    let pkce = json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" });
    let mut keys = Vec::new();
    for body in [pkce, json!({ "code": bare })] {
        let exchange = post(EXCHANGE, "the exchange of a key", 200, None, body.to_string());
        keys.push(exchange.send(&emulator).await?.text("/key")?);
    }
    let mut samples = Vec::new();
    let [every_option, without] = keys.try_into().map_err(|_| "there are two keys".to_owned())?;
    for (case, expected, bearer) in [
        ("management key", 200, Some(management)),
        ("every option", 200, Some(every_option)),
        ("no option", 200, Some(without)),
        ("no key", 401, None),
        ("unknown key", 401, Some("sk-or-v1-0".to_owned())),
    ] {
        samples.push(Call { path: KEY, case, expected, bearer, body: None }.send(&emulator).await?);
    }
    samples.extend(injected(KEY, false, &[500]).await?);
    Ok(samples)
}

/// Sends a request for each of these statuses, which the emulator sends only on demand.
async fn injected(path: &'static str, has_body: bool, statuses: &[u16]) -> Result<Vec<Sample>, String> {
    let emulator = Emulator::new();
    let mut samples = Vec::new();
    for &expected in statuses {
        emulator.inject(Fault::status(expected).on(path));
        let body = has_body.then(|| "{}".to_owned());
        let call = Call { path, case: "injected", expected, bearer: None, body };
        samples.push(call.send(&emulator).await?);
    }
    Ok(samples)
}

fn post(path: &'static str, case: &'static str, expected: u16, bearer: Option<String>, body: String) -> Call {
    Call { path, case, expected, bearer, body: Some(body) }
}

fn challenge() -> String {
    format!("&code_challenge={CHALLENGE}&code_challenge_method=S256")
}

/// Returns every field of the request for a code.
fn every_option() -> Value {
    json!({
        "callback_url": "https://my.app/callback",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "expires_at": "2999-12-31T23:59:59Z",
        "key_label": "My key",
        "limit": 12.5,
        "spawn_agent": "my-agent",
        "spawn_cloud": "aws-us-east-1",
        "usage_limit_type": "monthly",
        "workspace_id": "123e4567-e89b-12d3-a456-426614174000",
    })
}

/// Returns a code that the user approved.
async fn approved_code(emulator: &Emulator, parameters: &str) -> Result<String, String> {
    const CALLBACK: &str = "https://my.app/callback";
    let url = format!("https://openrouter.ai/auth?callback_url={CALLBACK}{parameters}");
    match User::new(emulator.clone()).approve(&url, None).await {
        Ok(DecisionOutcome::Redirected(callback)) => {
            let code = callback.strip_prefix(CALLBACK).and_then(|rest| rest.strip_prefix("?code="));
            code.map(str::to_owned).ok_or_else(|| "the callback has no code".to_owned())
        }
        outcome => Err(format!("the user cannot approve: {outcome:?}")),
    }
}
