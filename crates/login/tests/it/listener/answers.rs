//! Every answer that there is, word for word.

use std::fmt::Write;

use base64ct::{Base64, Encoding};
use openrouter_oauth_login::ResultPage;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::stage::{ANSWERS, Stage, as_written, ask, browser, connect, read};

/// Provokes each answer once.
async fn all() -> Vec<(&'static str, String)> {
    let mut stage = Stage::new().await;
    let port = stage.listener.port();
    let mut answers = Vec::new();
    for (name, page) in [
        ("signed in", ResultPage::SignedIn),
        ("not stored", ResultPage::NotStored),
        ("denied", ResultPage::Denied),
        ("failed", ResultPage::Failed),
        ("outcome unknown", ResultPage::OutcomeUnknown),
    ] {
        let told = browser(port, stage.good());
        stage.listener.callback(&stage.pending).await.respond(page).await;
        answers.push((name, told.await.unwrap().unwrap()));
    }

    let (good, callback) = (stage.good(), stage.get(&stage.path()));
    let rejected = [
        ("malformed", good.replace("HTTP/1.1", "HTTP/2.0")),
        ("unreadable", callback),
        ("not a navigation", good.replace("\r\n\r\n", "\r\nOrigin: null\r\n\r\n")),
        ("not found", stage.get("/favicon.ico")),
        ("method", good.replace("GET", "POST")),
        ("host", good.replace("Host: ", "Host: evil.example:")),
        ("too long", format!("GET /{}", "a".repeat(8192))),
    ];
    let (names, requests): (Vec<_>, Vec<_>) = rejected.into_iter().unzip();
    answers.extend(names.into_iter().zip(stage.answers(requests).await));

    let slow = tokio::spawn(async move {
        let mut slow = connect(port).await;
        slow.write_all(b"G").await.unwrap();
        let used = ask(port, good.as_bytes()).await.unwrap();
        (used, read(slow).await.unwrap())
    });
    let (used, slow) = tokio::select! {
        told = slow => told.unwrap(),
        never = stage.listener.reject_others() => match never {},
    };
    answers.extend([("used", used), ("slow", slow)]);
    answers
}

#[tokio::test]
async fn every_response_matches_its_snapshot() {
    // L-16, L-17
    let mut written = String::new();
    for (name, answer) in all().await {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
        let style = body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        let hash = Base64::encode_string(&Sha256::digest(style));
        assert!(head.contains(&format!("; style-src 'sha256-{hash}';")), "the style has {hash}");
        writeln!(written, "### {name}\n{}", as_written(&answer)).unwrap();
    }
    // To accept a change, put what is printed into the file.
    assert!(written == ANSWERS, "{written}");
}
