//! Connecting OpenRouter, and the page about the key.

use http::{StatusCode, header::CONTENT_SECURITY_POLICY};
use openrouter_oauth_emulator::{DecisionOutcome, KeyUpdate, User};

use crate::{
    Result,
    browser::Browser,
    instance::{Instance, Testbed, VAULT_KEYS, program, wait_until},
};

#[tokio::test]
async fn user_connects_sees_usage_and_disconnects() -> Result {
    let testbed = Testbed::new().await?;
    let (_instance, mut alice) = testbed.connected().await?;
    testbed.openrouter.update_key(&testbed.key(), KeyUpdate::new().label("<b>&\"'").limit(5.0))?;
    testbed.openrouter.spend(&testbed.key(), 1.25)?;

    let page = alice.get("/").await?;
    assert_eq!(page.title(), "Your account");
    assert_eq!(page.text("status"), Some("OpenRouter is connected."));
    assert_eq!(page.text("key-label"), Some("&lt;b&gt;&amp;&quot;&#39;"));
    assert_eq!((page.text("key-limit"), page.text("key-usage")), (Some("$5.00"), Some("$1.25")));
    assert!(page.html.contains(&format!("href=\"https://openrouter.ai/keys/{}\"", testbed.key())));
    let policy = page.headers[CONTENT_SECURITY_POLICY].to_str()?;
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; "), "{policy}");

    let done = alice.post("/disconnect", "").await?;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/"));
    let page = alice.get("/").await?;
    assert_eq!(page.text("status"), Some("OpenRouter is not connected."));
    assert!(page.has("connect") && !page.has("disconnect") && !page.has("key-label"));
    let (stored,): (Option<String>,) =
        sqlx::query_as("SELECT sealed_key FROM users").fetch_one(&testbed.database().await?).await?;
    assert_eq!(stored, None);
    Ok(())
}

#[tokio::test]
async fn links_to_keys_that_may_work_stay_until_the_user_deleted_them() -> Result {
    let testbed = Testbed::new().await?;
    let (instance, mut alice) = testbed.connected().await?;
    let mut links = vec![link(&testbed.key())];
    assert!(!alice.get("/").await?.has("old-keys"));
    for _ in 0..2 {
        alice.connect().await?;
        links.push(link(&testbed.key()));
    }
    assert_eq!(old_links(&mut alice).await?, sorted(&links[..2]));
    instance.stop().await?;

    // Also to a key that cannot be opened anymore.
    let other = VAULT_KEYS.replace('0', "7");
    let instance = Instance::start(testbed.program().env("VAULT_KEYS", other))?;
    alice.url.clone_from(&instance.url);
    alice.origin.clone_from(&instance.url);
    let page = alice.get("/").await?;
    assert_eq!(page.text("status"), Some("The stored key cannot be opened. Connect OpenRouter again."));
    assert!(page.has("key-settings") && page.html.contains(&links[2]));
    alice.post("/disconnect", "").await?;
    assert_eq!(old_links(&mut alice).await?, sorted(&links));

    alice.post("/forget-link", &format!("link={}", links[1])).await?;
    let mallory = &mut Browser::new(&instance.url);
    mallory.create_account("mallory").await?;
    mallory.post("/forget-link", &format!("link={}", links[0])).await?;
    links.remove(1);
    assert_eq!(old_links(&mut alice).await?, sorted(&links));
    Ok(())
}

#[tokio::test]
async fn new_key_waits_for_a_locked_database() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let callback = alice.approve().await?;
    let database = testbed.database().await?;
    let lock = database.begin_with("BEGIN IMMEDIATE").await?;
    let release = async {
        wait_until(|| instance.log().contains("cannot store a new key yet")).await;
        lock.rollback().await
    };
    let (done, released) = tokio::join!(alice.get(&callback), release);
    released?;
    assert_eq!(done?.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.get("/").await?.text("status"), Some("OpenRouter is connected."));
    Ok(())
}

#[tokio::test]
async fn new_key_that_cannot_be_stored_is_linked() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let callback = alice.approve().await?;
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON key_links BEGIN SELECT RAISE(ABORT, 'full'); END";
    sqlx::query(trigger).execute(&testbed.database().await?).await?;
    let page = alice.get(&callback).await?;
    assert_eq!((page.status, page.title()), (StatusCode::INTERNAL_SERVER_ERROR, "Problem"));
    assert!(page.has("key-settings") && page.html.contains(&link(&testbed.key())), "{}", page.html);
    assert!(page.headers.contains_key(CONTENT_SECURITY_POLICY));
    assert!(instance.stop().await?.contains(&testbed.key()));
    Ok(())
}

#[tokio::test]
async fn deleted_user_with_a_session_creates_no_key() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let callback = alice.approve().await?;
    sqlx::query("DELETE FROM users").execute(&testbed.database().await?).await?;
    assert_eq!(alice.get(&callback).await?.location(), "/?session=ended");
    assert_eq!(alice.post("/openrouter", "").await?.location(), "/?session=ended");
    assert_eq!(testbed.openrouter.posts("/auth/keys"), 0);
    Ok(())
}

fn link(hash: &str) -> String {
    format!("https://openrouter.ai/keys/{hash}")
}

fn sorted(links: &[String]) -> Vec<String> {
    let mut links = links.to_vec();
    links.sort();
    links
}

async fn old_links(browser: &mut Browser) -> Result<Vec<String>> {
    let html = browser.get("/").await?.html;
    let values = html.split("name=link value=\"").skip(1);
    Ok(values.map(|value| value.split('"').next().unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn callback_after_the_session_ended_creates_no_key() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let callback = alice.approve().await?;
    alice.post("/logout", "").await?;

    let rejected = alice.get(&callback).await?;
    assert_eq!((rejected.status, rejected.location()), (StatusCode::SEE_OTHER, "/?session=ended"));
    let page = alice.get(rejected.location()).await?;
    assert_eq!(page.title(), "Log in");
    assert!(page.text("problem").unwrap().starts_with("Your session has ended"));
    assert_eq!(testbed.openrouter.posts("/auth/keys"), 0);
    Ok(())
}

#[tokio::test]
async fn program_without_settings_starts_an_emulator() -> Result {
    let mut instance = Instance::start(&mut program())?;
    let emulator = instance.next_line("Emulator of OpenRouter at ")?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    assert!(
        alice
            .post("/openrouter", "")
            .await?
            .location()
            .starts_with(emulator.strip_suffix("/api/v1").unwrap())
    );
    assert_eq!(alice.connect().await?.text("key-limit"), Some("none"));
    assert_eq!(alice.get("/health").await?.status, StatusCode::OK);
    instance.stop().await?;
    Ok(())
}

#[tokio::test]
async fn declining_connects_nothing() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let begun = alice.post("/openrouter?return_to=/", "").await?;
    let user = User::new(openrouter_oauth::transport_hyper::HyperTransport::new());
    let DecisionOutcome::Redirected(callback) = user.deny(begun.location()).await? else {
        return Err("no redirect".into());
    };
    let ended = alice.get(callback.strip_prefix(&alice.origin).unwrap()).await?;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.get("/").await?.text("status"), Some("OpenRouter is not connected."));
    assert!(instance.stop().await?.contains("no key"));
    Ok(())
}
