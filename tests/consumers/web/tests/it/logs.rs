//! The log.

use http::StatusCode;

use crate::{
    Result,
    browser::{Browser, PASSPHRASE},
    instance::{COOKIE_KEYS, Instance, Testbed, VAULT_KEYS},
};

#[tokio::test]
async fn log_of_everything_contains_no_secret() -> Result {
    let testbed = Testbed::new().await?;
    let instance = Instance::start(testbed.program().env("RUST_LOG", "trace"))?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    alice.log_in("alice", "wrong passphrase").await?;
    alice.log_in("alice", PASSPHRASE).await?;
    let callback = alice.approve().await?;
    let begun = alice.cookies.clone();
    assert_eq!(alice.get(&callback).await?.location(), format!("{}/", alice.url));
    // A used callback, and an unknown one.
    alice.get(&callback).await?;
    let (attempt, query) = callback.split_once('?').unwrap();
    assert_eq!(alice.get(&format!("{attempt}x?{query}")).await?.status, StatusCode::NOT_FOUND);
    alice.get("/").await?;
    let (sealed,): (String,) =
        sqlx::query_as("SELECT sealed_key FROM users").fetch_one(&testbed.database().await?).await?;
    alice.post("/disconnect", "").await?;
    let log = instance.stop().await?;

    assert!(log.contains("path=\"/openrouter/callback/") && log.contains("TRACE"), "{log}");
    let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
    let cookies = begun.values().chain(alice.cookies.values()).map(String::as_str);
    let others =
        [PASSPHRASE, "wrong passphrase", "correct+horse", "sk-or-", &sealed, COOKIE_KEYS, VAULT_KEYS];
    for secret in values.chain(cookies).chain(others) {
        assert!(secret.len() > 5 && !log.contains(secret), "the log contains {secret}");
    }
    Ok(())
}
