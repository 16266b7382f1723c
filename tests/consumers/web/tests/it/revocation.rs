//! A key that OpenRouter rejects, or that cannot be read.

use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use openrouter_oauth_emulator::{Fault, KeyUpdate};
use sqlx::SqlitePool;

use crate::{Result, browser::Browser, instance::Testbed};

const DOUBTFUL: &str = "OpenRouter rejected the key just now. Reload this page in a minute.";
const REVOKED: &str = "OpenRouter no longer accepts the key, so it was deleted here.";
const CONNECTED: &str = "OpenRouter is connected.";

#[tokio::test]
async fn revoked_key_is_forgotten_at_the_second_rejection() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    let key = testbed.key();
    testbed.openrouter.revoke_key(&key)?;

    // However often, within a minute.
    for _ in 0..3 {
        let page = alice.get("/").await?;
        assert_eq!(page.text("status"), Some(DOUBTFUL));
        assert!(page.has("key-settings") && page.has("disconnect") && page.has("connect"));
    }
    pass_time(&database, 50).await?;
    assert_eq!(alice.get("/").await?.text("status"), Some(DOUBTFUL));
    assert!(is_stored(&database).await?);

    pass_time(&database, 10).await?;
    // The page says so until the user acts, even after a request that shows nothing.
    alice.send(Request::head(format!("{}/", alice.url)), "").await?;
    for _ in 0..2 {
        let page = alice.get("/").await?;
        assert_eq!(page.text("status"), Some(REVOKED));
        assert!(page.has("connect") && !page.has("disconnect"));
        // It may work again later.
        assert!(page.has("old-keys") && page.html.contains(&key));
    }
    assert!(!is_stored(&database).await?);
    assert_eq!(alice.connect().await?.text("status"), Some(CONNECTED));
    Ok(())
}

#[tokio::test]
async fn rejections_far_apart_are_single_mistakes() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    testbed.openrouter.revoke_key(&testbed.key())?;
    alice.get("/").await?;
    pass_time(&database, 3700).await?;
    assert_eq!(alice.get("/").await?.text("status"), Some(DOUBTFUL));
    pass_time(&database, 60).await?;
    assert_eq!(alice.get("/").await?.text("status"), Some(REVOKED));
    Ok(())
}

#[tokio::test]
async fn page_is_shown_while_the_database_cannot_be_written() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    let lock = database.begin_with("BEGIN IMMEDIATE").await?;
    let start = Instant::now();
    assert_eq!(alice.get("/").await?.text("status"), Some(CONNECTED));
    assert!(start.elapsed() < Duration::from_secs(3));
    // What cannot be noted is not noted.
    testbed.openrouter.revoke_key(&testbed.key())?;
    assert_eq!(alice.get("/").await?.text("status"), Some(DOUBTFUL));
    lock.rollback().await?;
    assert_eq!(rejected_at(&database).await?, None);
    Ok(())
}

#[tokio::test]
async fn success_ends_the_doubt() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    testbed.openrouter.update_key(&testbed.key(), KeyUpdate::new().expired())?;
    assert_eq!(alice.get("/").await?.text("status"), Some(DOUBTFUL));
    pass_time(&database, 600).await?;
    testbed.openrouter.update_key(&testbed.key(), KeyUpdate::new().expires_at(None))?;
    assert_eq!(alice.get("/").await?.text("status"), Some(CONNECTED));

    testbed.openrouter.revoke_key(&testbed.key())?;
    assert_eq!(alice.get("/").await?.text("status"), Some(DOUBTFUL));
    Ok(())
}

#[tokio::test]
async fn failures_that_are_not_openrouters_rejection_change_nothing() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    let unauthorized =
        || Fault::status(401).body("<h1>Sign in to the network</h1>").content_type("text/html");
    let forbidden = || Fault::status(403);
    let slow = Fault::delay(Duration::from_secs(20));
    for fault in [unauthorized(), unauthorized(), forbidden(), slow] {
        let start = Instant::now();
        testbed.openrouter.inject(fault.on("/key"));
        let page = alice.get("/").await?;
        let status = "OpenRouter is connected, but the key cannot be read at the moment.";
        assert_eq!((page.status, page.text("status")), (StatusCode::OK, Some(status)));
        assert!(start.elapsed() < Duration::from_secs(10));
        pass_time(&database, 600).await?;
    }
    assert_eq!(alice.get("/").await?.text("status"), Some(CONNECTED));
    Ok(())
}

#[tokio::test]
async fn new_key_is_not_forgotten_for_the_rejection_of_the_old_one() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    let database = testbed.database().await?;
    testbed.openrouter.revoke_key(&testbed.key())?;
    alice.get("/").await?;
    pass_time(&database, 60).await?;

    // OpenRouter's response about the old key arrives after the new key was stored.
    testbed.openrouter.inject(Fault::delay(Duration::from_secs(1)).on("/key"));
    let mut tab = Browser::new(&alice.url);
    tab.cookies = alice.cookies.clone();
    let asked = testbed.openrouter.requests("/key");
    let late = tokio::spawn(async move { tab.get("/").await });
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if testbed.openrouter.requests("/key") > asked {
            break;
        }
    }
    let callback = alice.approve().await?;
    assert_eq!(alice.get(&callback).await?.status, StatusCode::SEE_OTHER);
    assert_eq!(rejected_at(&database).await?, None);
    // Even if the new key was rejected once too.
    sqlx::query("UPDATE users SET rejected_at = 1").execute(&database).await?;
    assert!(!late.is_finished());
    late.await??;
    assert_eq!(alice.get("/").await?.text("status"), Some(CONNECTED));
    assert!(is_stored(&database).await?);
    Ok(())
}

/// Makes the first rejection older, if there is one.
async fn pass_time(database: &SqlitePool, seconds: i64) -> Result {
    let update = "UPDATE users SET rejected_at = rejected_at - $1";
    sqlx::query(update).bind(seconds).execute(database).await?;
    Ok(())
}

async fn is_stored(database: &SqlitePool) -> Result<bool> {
    let (key,): (Option<String>,) =
        sqlx::query_as("SELECT sealed_key FROM users").fetch_one(database).await?;
    Ok(key.is_some())
}

async fn rejected_at(database: &SqlitePool) -> Result<Option<i64>> {
    let (rejected_at,) = sqlx::query_as("SELECT rejected_at FROM users").fetch_one(database).await?;
    Ok(rejected_at)
}
