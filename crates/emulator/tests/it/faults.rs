//! Injected faults in memory.

use std::time::Duration;

use http::Request;
use openrouter_oauth_emulator::{Emulator, Fault};
use openrouter_oauth_transport::{ErrorKind, Limits, Transport};

use crate::support::{approved_code, body, exchange, get, post, send, status_and_message};

async fn error_kind(emulator: &Emulator, request: Request<String>, limits: Limits) -> ErrorKind {
    let error = emulator.send(request.map(Into::into), limits).await.unwrap_err();
    assert!(error.may_have_been_sent());
    error.kind()
}

#[tokio::test]
async fn cleared_faults_affect_no_request() {
    let emulator = Emulator::new();
    emulator.inject(Fault::status(500));
    emulator.inject(Fault::status(500).on("/oauth/jwks"));
    emulator.clear_faults();
    for _ in 0..2 {
        assert_eq!(send(&emulator, get("/api/v1/oauth/jwks", "any")).await.status(), 200);
    }
    emulator.inject(Fault::status(500));
    assert_eq!(send(&emulator, get("/api/v1/oauth/jwks", "any")).await.status(), 500);
}

#[tokio::test]
async fn injected_status_keeps_the_code_valid() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    emulator.inject(
        Fault::status(503)
            .header("Retry-After", "2")
            .body("<h1>down</h1>")
            .content_type("text/html")
            .on("/auth/keys"),
    );
    emulator.inject(Fault::redirect(307, "http://evil.example/").on("/api/v1/auth/keys"));

    let response = send(&emulator, exchange(&code)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.body(), "<h1>down</h1>");
    let response = send(&emulator, exchange(&code)).await;
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], "http://evil.example/");
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
    assert_eq!(emulator.posts("/auth/keys"), 3);
}

#[tokio::test]
async fn injected_status_has_the_envelope_of_its_endpoint() {
    let emulator = Emulator::new();
    emulator.inject(Fault::status(429));
    let response = send(&emulator, get("/api/v1/key", "x")).await;
    assert_eq!(response.body(), r#"{"error":{"message":"Too Many Requests","code":429}}"#);
    emulator.inject(Fault::status(503));
    let response = send(&emulator, post("/api/v1/oauth/token", "")).await;
    assert_eq!(body(&response)["error"], "temporarily_unavailable");
}

#[tokio::test]
async fn only_a_drop_before_the_commit_keeps_the_code_valid() {
    for (fault, status) in
        [(Fault::drop_before_commit(), 200), (Fault::drop_after_commit(), 400), (Fault::cut_after(10), 400)]
    {
        let emulator = Emulator::new();
        let code = approved_code(&emulator).await;
        emulator.inject(fault.on("/auth/keys"));
        let kind = error_kind(&emulator, exchange(&code), Limits::default()).await;
        assert_eq!(kind, ErrorKind::Io);
        assert_eq!(send(&emulator, exchange(&code)).await.status(), status);
    }
}

#[tokio::test]
async fn status_after_the_commit_uses_up_the_code() {
    for fault in [Fault::status(502), Fault::redirect(302, "http://127.0.0.1:1/")] {
        let emulator = Emulator::new();
        let code = approved_code(&emulator).await;
        emulator.inject(fault.after_commit().on("/auth/keys"));
        assert_ne!(send(&emulator, exchange(&code)).await.status(), 200);
        assert_eq!(emulator.keys().len(), 1);
        assert_eq!(send(&emulator, exchange(&code)).await.status(), 400);
    }
}

#[tokio::test]
async fn delayed_response_arrives_or_times_out() {
    let emulator = Emulator::new();
    emulator.inject(Fault::delay(Duration::from_millis(20)));
    emulator.inject(Fault::delay(Duration::from_secs(600)));
    let started = std::time::Instant::now();
    assert_eq!(send(&emulator, get("/api/v1/key", "x")).await.status(), 401);
    assert!(started.elapsed() >= Duration::from_millis(20));
    let limits = Limits::default().timeout(Some(Duration::from_millis(5)));
    let kind = error_kind(&emulator, get("/api/v1/key", "x"), limits).await;
    assert_eq!(kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn fault_that_cannot_be_delivered_is_reported() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    for fault in [
        Fault::delay(Duration::from_secs(601)),
        Fault::delay(Duration::MAX),
        Fault::status(199),
        Fault::drop_before_commit().after_commit(),
        Fault::delay(Duration::ZERO).body("x"),
    ] {
        emulator.inject(fault);
        let response = send(&emulator, exchange(&code)).await;
        let (status, message) = status_and_message(&response);
        assert_eq!(status, 500);
        assert!(message.starts_with("this fault is invalid: "), "{message}");
    }
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
}

#[tokio::test]
async fn response_over_the_limit_is_too_large() {
    let limits = Limits::default().response_bytes(10);
    let kind = error_kind(&Emulator::new(), get("/api/v1/key", "x"), limits).await;
    assert_eq!(kind, ErrorKind::TooLarge);
}

#[tokio::test]
async fn wrong_content_type_changes_nothing_else() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    emulator.inject(Fault::wrong_content_type("text/html"));
    let response = send(&emulator, exchange(&code)).await;
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(body(&response)["key"].is_string());
}
