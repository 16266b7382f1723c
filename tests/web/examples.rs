//! The examples, as programs.

use std::{fs, process::Stdio, time::Duration};

use http::{Method, StatusCode};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{browser::Browser, wait::wait_until};

/// A running example, with the emulator as OpenRouter.
pub(crate) struct Example {
    pub(crate) origin: String,
    output: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Example {
    pub(crate) async fn start(program: &str, base_url: &str) -> Self {
        let mut command = Command::new(program);
        // One example reads its settings from arguments, the other from variables.
        command.args(["0", base_url]).env("LISTEN", "127.0.0.1:0").env("OPENROUTER_BASE_URL", base_url);
        for (name, secret) in [("COOKIE_KEYS", "0123456789abcdef"), ("VAULT_KEYS", "fedcba9876543210")] {
            command.env(name, secret.repeat(4));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = output.next_line().await.unwrap().unwrap();
        let origin = line.strip_prefix("Open ").unwrap().to_owned();
        Self { origin, output, process }
    }

    /// Returns the resident memory of the process, in KiB.
    pub(crate) fn memory_kib(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

async fn approve(emulator: &Emulator, url: &str) -> String {
    let outcome = User::new(emulator.clone()).approve(url, None).await.unwrap();
    let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
    callback
}

#[tokio::test]
async fn axum_application_connects() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let example = Example::start(env!("CARGO_BIN_EXE_example_web_app"), &server.base_url()).await;
    let browser = Browser::at_origin(&example.origin);
    let begun = browser.begin_without_check().await;
    assert_eq!((begun.status, begun.location()), (StatusCode::SEE_OTHER, "/login"));
    assert!(browser.get("/login").await.body.contains("<form method=\"post\">"));
    browser.send(Method::POST, "/login", &[]).await;
    assert!(browser.get("/").await.body.contains("OpenRouter is not connected"));
    let callback = approve(&emulator, &browser.begin().await).await;
    assert!(callback.starts_with(&example.origin), "{callback}");
    let done = browser.get(&callback).await;
    assert_eq!(
        (done.status, done.location()),
        (StatusCode::SEE_OTHER, &*format!("{}/settings", example.origin))
    );
    assert!(browser.get("/").await.body.contains("OpenRouter is connected. You have used $0.00."));
    assert_eq!(emulator.posts("/auth/keys"), 1);

    // A firewall says nothing about the key. The form is there in every case.
    emulator.inject(Fault::status(401).content_type("text/html").body("<h1>Denied</h1>").on("/key"));
    let unknown = browser.get("/").await;
    emulator.revoke_key(&emulator.keys()[0].hash).unwrap();
    let revoked = browser.get("/").await;
    for (page, status) in
        [(unknown, "The key cannot be checked right now."), (revoked, "OpenRouter rejected the key.")]
    {
        assert!(page.body.contains(status) && page.body.contains("action=\"/openrouter?"), "{page:?}");
    }
}

#[tokio::test]
async fn shutdown_waits_for_callbacks() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let mut example = Example::start(env!("CARGO_BIN_EXE_shutdown"), &server.base_url()).await;
    let browser = Browser::at_origin(&example.origin);
    let callback = approve(&emulator, &browser.begin().await).await;
    emulator.inject(Fault::delay(Duration::from_secs(2)).on("/auth/keys"));
    let tab = tokio::spawn(async move { browser.get(&callback).await });
    wait_until("the exchange", || emulator.posts("/auth/keys") == 1).await;
    // The browser goes away, and the process is asked to end.
    tab.abort();
    let pid = example.process.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(example.process.wait().await.unwrap().success());
    let line = example.output.next_line().await.unwrap().expect("the key is stored");
    assert!(line.starts_with("alice v1."), "{line}");
}

#[tokio::test]
async fn second_adapter_connects() {
    let emulator = Emulator::new();
    let server = emulator.serve(0).await.unwrap();
    let mut example = Example::start(env!("CARGO_BIN_EXE_example_tower_service"), &server.base_url()).await;
    let browser = Browser::at_origin(&example.origin);
    let rejected = browser.get("/openrouter").await;
    assert_eq!(rejected.status, StatusCode::UNAUTHORIZED);
    rejected.assert_hardened("no-referrer");
    browser.set_cookie("session=alice; Path=/; HttpOnly");
    let button = browser.get("/openrouter").await;
    assert!(button.body.contains("Continue to OpenRouter"), "{button:?}");
    button.assert_hardened("same-origin");
    let callback = approve(&emulator, &browser.begin().await).await;
    let wrong = browser.send(Method::POST, &callback, &[]).await;
    assert_eq!((wrong.status, wrong.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET"));
    let done = browser.get(&callback).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    done.assert_hardened("no-referrer");
    let line = example.output.next_line().await.unwrap().unwrap();
    assert!(line.starts_with("alice has a key of "), "{line}");
    assert!(browser.open(&callback).await.body.contains("This sign-in has ended"));
    let missing = browser.get("/elsewhere").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    missing.assert_hardened("no-referrer");
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[test]
fn second_adapter_has_about_40_lines() {
    let example = include_str!("../../crates/web/examples/tower_service.rs");
    let (_, rest) = example.split_once("// The adapter.\n").unwrap();
    let (adapter, _) = rest.split_once("// The end of the adapter.\n").unwrap();
    let lines = adapter.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"));
    let lines = lines.count();
    assert!((30..=42).contains(&lines), "{lines}");
}

#[test]
fn readme_shows_the_sign_in_of_the_example() {
    let (_, rest) = include_str!("../../README.md").split_once("## A web application\n").unwrap();
    let (_, rest) = rest.split_once("```rust,ignore\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let (_, code) = include_str!("../../crates/axum/examples/web_app/sign_in.rs").split_once("\n\n").unwrap();
    assert_eq!(shown, code);
}
