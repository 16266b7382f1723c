//! Attacks on the user of a sign-in, and users who change in the middle of one.

use std::time::Duration;

use http::StatusCode;
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::OneProcessClaims;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    app::{Fleet, Store},
    browser::APP,
    wait::wait_until,
};

async fn fleet() -> Fleet {
    Fleet::start(Store::Memory(OneProcessClaims::new(1000))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn injected_code_shows_nothing_of_the_victim() {
    let fleet = fleet().await;
    let (attacker, victim) = (fleet.browser("mallory"), fleet.browser("victim"));
    // The victim is connected.
    let callback = fleet.begin_and_approve(&victim).await;
    victim.open(&callback).await;
    let of_victim = fleet.stored()[0].1.clone();

    // The attacker begins, and has the victim approve the attacker's challenge for a callback of the attacker's site.
    let url = attacker.begin().await;
    let parameter = url.split('&').find(|pair| pair.contains("callback_url=")).unwrap();
    let parameter = parameter.rsplit('?').next().unwrap();
    let phishing = url.replace(parameter, "callback_url=https%3A%2F%2Fevil.example%2Fcallback");
    let stolen = fleet.approve(&phishing).await;
    assert!(stolen.starts_with("https://evil.example/callback?"), "{stolen}");
    let own = parameter.trim_start_matches("callback_url=").replace("%3A", ":").replace("%2F", "/");
    let injected = format!("{own}?{}", stolen.split_once('?').unwrap().1);

    // The victim's browser does not finish it.
    assert_eq!(victim.open(&injected).await.status, StatusCode::NOT_FOUND);
    assert_eq!(fleet.exchanges(), 1);
    // In the attacker's browser, PKCE passes. The new key is the attacker's, and nothing changes for the victim.
    let first = attacker.get(&injected).await;
    let shown = format!("{first:?}{:?}", attacker.open(first.location()).await);
    assert!(!shown.contains("user_") && !shown.contains("victim") && !shown.contains(&of_victim), "{shown}");
    let stored = fleet.stored();
    assert_eq!(stored.iter().map(|(user, _)| &**user).collect::<Vec<_>>(), ["victim", "mallory"]);
    assert!(stored[0].1 == of_victim && stored[1].1 != of_victim);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_user_sends_nothing() {
    // W-1
    let fleet = fleet().await;
    let browser = fleet.browser("alice");
    let callback = fleet.begin_and_approve(&browser).await;
    for user in ["bob", "session-17", "ALICE"] {
        browser.switch_user(user);
        let page = browser.get(&callback).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        page.assert_hardened("no-referrer");
    }
    // A logged-out or expired session: the application's extractor rejects the request.
    browser.log_out();
    let page = browser.get(&callback).await;
    assert_eq!((page.status, &*page.body), (StatusCode::UNAUTHORIZED, "log in to my app first"));
    page.assert_hardened("no-referrer");
    assert_eq!((fleet.exchanges(), browser.attempts()), (0, 1));
    let begun = browser.begin_without_check().await;
    assert_eq!((begun.status, begun.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    begun.assert_hardened("no-referrer");
    // The attempt continues.
    browser.switch_user("alice");
    assert_eq!(browser.open(&callback).await.body, "your settings");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_arrives_after_the_browser_disconnects() {
    let fleet = fleet().await;
    let browser = fleet.browser("alice");
    let callback = fleet.begin_and_approve(&browser).await;
    fleet.emulator.inject(Fault::delay(Duration::from_millis(500)).on("/auth/keys"));
    let path = callback.strip_prefix(APP).unwrap();
    let mut stream = TcpStream::connect(fleet.address).await.unwrap();
    let cookies = browser.cookies(path);
    let request = format!("GET {path} HTTP/1.1\r\nHost: my.app\r\nCookie: {cookies}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    wait_until("the code is sent", || fleet.exchanges() == 1).await;
    assert!(fleet.stored().is_empty());
    drop(stream);
    wait_until("the key is stored", || !fleet.stored().is_empty()).await;
    assert_eq!(fleet.stored()[0].0, "alice");
    // The user comes back.
    assert!(browser.open(&callback).await.body.contains("This sign-in has ended"));
    assert_eq!(fleet.exchanges(), 1);
}
