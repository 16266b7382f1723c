//! A snapshot of every response.

use std::fmt::Write;

use base64ct::{Base64, Encoding};
use openrouter_oauth_login::ResultPage;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::fixture::{Fixture, RESPONSES, as_written, ask, browser, connect, read};

/// Provokes each response once.
async fn all() -> Vec<(&'static str, String)> {
    let mut fixture = Fixture::new().await;
    let port = fixture.listener.port();
    let mut responses = Vec::new();
    for (name, page) in [
        ("signed in", ResultPage::SignedIn),
        ("not stored", ResultPage::NotStored),
        ("denied", ResultPage::Denied),
        ("failed", ResultPage::Failed),
        ("outcome unknown", ResultPage::OutcomeUnknown),
    ] {
        let page_shown = browser(port, fixture.good());
        fixture.listener.callback(&fixture.pending).await.respond(page).await;
        responses.push((name, page_shown.await.unwrap().unwrap()));
    }

    let (good, callback) = (fixture.good(), fixture.get(&fixture.path()));
    let rejected = [
        ("malformed", good.replace("HTTP/1.1", "HTTP/2.0")),
        ("unreadable", callback),
        ("not a navigation", good.replace("\r\n\r\n", "\r\nOrigin: null\r\n\r\n")),
        ("not found", fixture.get("/favicon.ico")),
        ("method", good.replace("GET", "POST")),
        ("host", good.replace("Host: ", "Host: evil.example:")),
        ("too long", format!("GET /{}", "a".repeat(8192))),
    ];
    let (names, requests): (Vec<_>, Vec<_>) = rejected.into_iter().unzip();
    responses.extend(names.into_iter().zip(fixture.responses(requests).await));

    let slow = tokio::spawn(async move {
        let mut slow = connect(port).await;
        slow.write_all(b"G").await.unwrap();
        let used = ask(port, good.as_bytes()).await.unwrap();
        (used, read(slow).await.unwrap())
    });
    let (used, slow) = tokio::select! {
        page_shown = slow => page_shown.unwrap(),
        never = fixture.listener.reject_others() => match never {},
    };
    responses.extend([("used", used), ("slow", slow)]);
    responses
}

#[tokio::test]
async fn every_response_matches_its_snapshot() {
    // L-16, L-17
    let mut written = String::new();
    for (name, response) in all().await {
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
        let style = body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = Base64::encode_string(&Sha256::digest(style));
        assert!(head.contains(&format!("; style-src 'sha256-{hash}';")), "the style has {hash}");
        writeln!(written, "### {name}\n{}", as_written(&response)).unwrap();
    }
    // To accept a change, copy the printed text into the file.
    assert!(written == RESPONSES, "{written}");
}
