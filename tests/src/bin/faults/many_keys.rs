//! Takes up to 300,000 keys of one emulator through a whole life, one after another. Its memory must stay flat.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use openrouter_oauth::transport::{Limits, Transport};
use openrouter_oauth_emulator::Emulator;
use openrouter_oauth_tests::Result;
use serde_json::{Value, json};

use crate::{
    memory,
    table::Table,
    verdict::{Rule, Violation},
};

/// The emulator to test, as a transport. A planted one leaks.
pub(crate) type Wrap = fn(Emulator) -> Arc<dyn Transport>;

/// The number of keys if nothing else runs, which takes about a minute.
pub(crate) const LIVES: usize = 300_000;

/// The number of keys if all parts run.
pub(crate) const LIVES_IN_ALL: usize = 60_000;

/// The number of lives after which the memory must not grow. The emulator's log and maps are full by then.
pub(crate) const FIRST_LIVES: usize = 20_000;

/// How many keys and how many codes the emulator keeps. There are as many from the beginning.
const KEPT: usize = 10_000;

/// Of so many lives, one leaves its key and another code behind, which replace the oldest ones.
const LEFT_EVERY: usize = 100;

/// By how much the peak may grow after the first lives.
const GROWTH_LIMIT: usize = 64 << 10;

/// RFC 7636, appendix B.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Takes `lives` keys through their lives. Reports the growth of the memory, or the first unexpected response.
pub(crate) async fn run(wrap: Wrap, lives: usize, table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let emulator = Emulator::new();
    for _ in 1..KEPT {
        emulator.issue_management_key();
    }
    // The newest key, so that the keys that are left behind do not replace it.
    let owner = emulator.issue_management_key();
    let service = Service(wrap(emulator.clone()));
    for _ in 0..KEPT {
        service.create_code(&owner).await?;
    }
    let _before = memory::reset_peak();
    for number in 0..FIRST_LIVES {
        service.run_key_life(&owner, number).await?;
    }
    let first_peak = memory::peak();
    memory::reset_peak();
    for number in FIRST_LIVES..lives {
        service.run_key_life(&owner, number).await?;
    }
    let grown = memory::peak().saturating_sub(first_peak);

    let mut violations = Vec::new();
    if grown > GROWTH_LIMIT {
        let text = format!("{grown} bytes more after the first {FIRST_LIVES} keys");
        violations.push(Violation { rule: Rule::Memory, text });
    }
    // The last life made room for its key, and then revoked it.
    if emulator.keys().len() != KEPT - 1 {
        violations.push(Violation { rule: Rule::Leak, text: "a revoked key is still there".into() });
    }
    let details = format!("{} KiB more after the first {FIRST_LIVES}", grown.div_ceil(1024));
    table.add_part("lives of keys", lives, &details, violations, start.elapsed());
    Ok(())
}

struct Service(Arc<dyn Transport>);

impl Service {
    async fn create_code(&self, owner: &str) -> Result<Value> {
        let callback = json!({ "callback_url": "https://app.example", "code_challenge": CHALLENGE,
                               "code_challenge_method": "S256", "limit": 5, "usage_limit_type": "daily" });
        let created = self.post("/api/v1/auth/keys/code", owner, &callback).await?;
        Ok(created.pointer("/data/id").ok_or("no code")?.clone())
    }

    /// Takes one key from its code to its revocation, unless this life leaves it behind.
    async fn run_key_life(&self, owner: &str, number: usize) -> Result<()> {
        let code = self.create_code(owner).await?;
        let exchange = json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "S256" });
        let granted = self.post("/api/v1/auth/keys", "", &exchange).await?;
        let key = granted.get("key").and_then(Value::as_str).ok_or("no key")?;

        let control = format!("/emulator/keys/{key}");
        let change = |change: Value| self.send(Method::PATCH, &control, "", change.to_string());
        let spent = self.post(&format!("{control}/spend"), "", &json!({ "dollars": 7.5 })).await?;
        if spent.get("limit_remaining") != Some(&json!(0)) {
            return Err("the limit is not used up".into());
        }
        let details = || self.send(Method::GET, "/api/v1/key", key, String::new());
        read(&details().await?, 200)?;
        read(&change(json!({ "expires_at": "2020-01-01T00:00:00Z" })).await?, 200)?;
        read(&details().await?, 401)?;
        read(&change(json!({ "expires_at": null, "label": "renewed", "limit": null })).await?, 200)?;
        read(&details().await?, 200)?;
        if number.is_multiple_of(LEFT_EVERY) {
            self.create_code(owner).await?;
            return Ok(());
        }
        read(&self.send(Method::DELETE, &control, "", String::new()).await?, 200)?;
        read(&details().await?, 401)?;
        Ok(())
    }

    async fn post(&self, path: &str, bearer: &str, body: &Value) -> Result<Value> {
        read(&self.send(Method::POST, path, bearer, body.to_string()).await?, 200)
    }

    async fn send(&self, method: Method, path: &str, bearer: &str, body: String) -> Result<Response<Bytes>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://openrouter.ai{path}"))
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/json")
            .body(body.into())?;
        Ok(self.0.send(request, Limits::default()).await?)
    }
}

/// Reads the JSON of a response that must have this status.
fn read(response: &Response<Bytes>, status: u16) -> Result<Value> {
    if response.status() != status {
        return Err(format!("{} instead of {status}", response.status()).into());
    }
    Ok(serde_json::from_slice(response.body())?)
}
