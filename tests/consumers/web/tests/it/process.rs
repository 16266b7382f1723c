//! Restarts, new vault keys, and the end of the process.

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use openrouter_oauth_emulator::Fault;

use crate::{
    Result,
    browser::{Browser, PASSPHRASE},
    instance::{Instance, Testbed, VAULT_KEYS, wait_until},
};

#[tokio::test]
async fn users_sessions_and_keys_survive_a_restart() -> Result {
    let testbed = Testbed::new().await?;
    let (instance, mut alice) = testbed.connected().await?;
    instance.stop().await?;

    let instance = testbed.start()?;
    alice.url.clone_from(&instance.url);
    alice.origin.clone_from(&instance.url);
    assert_eq!(alice.get("/").await?.text("key-usage"), Some("$0.00"));
    let mut phone = Browser::new(&instance.url);
    phone.log_in("alice", PASSPHRASE).await?;
    assert_eq!(phone.get("/").await?.text("key-usage"), Some("$0.00"));
    Ok(())
}

#[tokio::test]
async fn key_is_sealed_again_with_a_new_vault_key() -> Result {
    let testbed = Testbed::new().await?;
    let (instance, mut alice) = testbed.connected().await?;
    instance.stop().await?;
    let new = VAULT_KEYS.replace('0', "7");

    for (vault_keys, is_readable) in [
        (format!("{new},{VAULT_KEYS}"), true),
        (new.clone(), true),
        (VAULT_KEYS.to_owned(), false),
        (new, true),
    ] {
        let instance = Instance::start(testbed.program().env("VAULT_KEYS", vault_keys))?;
        alice.url.clone_from(&instance.url);
        assert_eq!(alice.get("/").await?.has("key-usage"), is_readable);
        instance.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn second_signal_ends_the_process_at_once() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut unfinished = TcpStream::connect(instance.url.strip_prefix("http://").unwrap())?;
    unfinished.write_all(b"GET / HTTP/1.1\r\n")?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let start = Instant::now();
    instance.signal()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    instance.stop().await?;
    assert!((1..8).contains(&start.elapsed().as_secs()));
    Ok(())
}

#[tokio::test]
async fn end_of_the_process_waits_for_a_callback_whose_browser_went_away() -> Result {
    let testbed = Testbed::new().await?;
    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.create_account("alice").await?;
    let callback = alice.approve().await?;
    testbed.openrouter.inject(Fault::delay(Duration::from_secs(1)).on("/auth/keys"));

    // The browser goes away during the exchange.
    tokio::select! {
        _ = alice.get(&callback) => return Err("the callback ended before its browser went away".into()),
        () = wait_until(|| testbed.openrouter.posts("/auth/keys") == 1) => {}
    }
    instance.stop().await?;
    assert_eq!(testbed.openrouter.keys().len(), 1);

    let instance = testbed.start()?;
    let mut alice = Browser::new(&instance.url);
    alice.log_in("alice", PASSPHRASE).await?;
    assert_eq!(alice.get("/").await?.text("status"), Some("OpenRouter is connected."));
    Ok(())
}
