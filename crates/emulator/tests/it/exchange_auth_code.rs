//! `POST /api/v1/auth/keys`

use std::time::Duration;

use http::Request;
use openrouter_oauth_emulator::{Emulator, Settings, WrongMethodStatus};
use serde_json::json;

use crate::support::{
    VERIFIER, approved_code, approved_code_with, body, exchange, exchange_with, get, post, send,
    status_and_message,
};

const INVALID_CODE: (u16, &str) = (400, "Invalid code");
const INVALID_METHOD: (u16, &str) = (400, "Invalid code_challenge_method");
const INVALID_VERIFIER: (u16, &str) = (403, "Invalid code or code_verifier");
const EXPIRED: (u16, &str) = (403, "Authorization code expired");

#[track_caller]
fn check(response: &http::Response<bytes::Bytes>, expected: (u16, &str)) {
    assert_eq!(status_and_message(response), (expected.0, expected.1.to_owned()));
}

#[tokio::test]
async fn key_has_the_documented_format() {
    let emulator = Emulator::new();
    let response = send(&emulator, exchange(&approved_code(&emulator).await)).await;
    assert_eq!(response.status(), 200);
    let body = body(&response);
    let hex = body["key"].as_str().unwrap().strip_prefix("sk-or-v1-").unwrap();
    assert_eq!(hex.len(), 64);
    assert!(hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    assert!(body["user_id"].as_str().unwrap().starts_with("user_"));
}

#[tokio::test]
async fn code_works_once() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
    check(&send(&emulator, exchange(&code)).await, INVALID_CODE);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_exchanges_succeeds() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    let attempts: Vec<_> = (0..64)
        .map(|_| {
            let (emulator, code) = (emulator.clone(), code.clone());
            tokio::spawn(async move { send(&emulator, exchange(&code)).await.status() })
        })
        .collect();
    let mut won = 0;
    for attempt in attempts {
        won += usize::from(attempt.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
    assert_eq!(emulator.posts("/auth/keys"), 64);
}

#[tokio::test]
async fn code_expires_after_ten_minutes() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    emulator.advance(Duration::from_secs(9 * 60 + 50));
    let late = approved_code(&emulator).await;
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 200);
    emulator.advance(Duration::from_secs(10 * 60));
    check(&send(&emulator, exchange(&late)).await, EXPIRED);
}

#[tokio::test]
async fn checks_run_in_order() {
    let emulator = Emulator::new();
    let send = |fields| {
        let emulator = &emulator;
        async move { send(emulator, exchange_with(&fields)).await }
    };
    let wrong = "A".repeat(43);

    // The code before the method.
    let response = send(json!({ "code": "x", "code_challenge_method": "md5" })).await;
    check(&response, INVALID_CODE);
    // The method before the verifier.
    let code = approved_code(&emulator).await;
    for method in [json!("plain"), json!("md5"), json!(""), json!(null)] {
        let fields = json!({ "code": code, "code_verifier": wrong, "code_challenge_method": method });
        check(&send(fields).await, INVALID_METHOD);
    }
    // A wrong or missing verifier.
    let fields = json!({ "code": code, "code_verifier": wrong, "code_challenge_method": "S256" });
    check(&send(fields).await, INVALID_VERIFIER);
    let fields = json!({ "code": code, "code_challenge_method": "S256" });
    check(&send(fields).await, INVALID_VERIFIER);
    // The expiry before the method.
    emulator.advance(Duration::from_secs(600));
    check(&send(json!({ "code": code })).await, EXPIRED);
}

#[tokio::test]
async fn rejected_exchange_keeps_the_code_unless_set_to_burn_it() {
    for burns in [false, true] {
        let emulator = Emulator::with_settings(Settings::default().failure_burns_code(burns));
        let code = approved_code(&emulator).await;
        let rejected = send(&emulator, exchange_with(&json!({ "code": code }))).await;
        check(&rejected, INVALID_METHOD);
        let status = send(&emulator, exchange(&code)).await.status();
        assert_eq!(status, if burns { 400 } else { 200 });
    }
}

#[tokio::test]
async fn code_without_challenge_rejects_method_and_verifier() {
    let emulator = Emulator::new();
    let code = approved_code_with(&emulator, "key_label=x").await;
    let with_method = json!({ "code": code, "code_challenge_method": "S256", "code_verifier": VERIFIER });
    check(&send(&emulator, exchange_with(&with_method)).await, INVALID_METHOD);
    let with_verifier = json!({ "code": code, "code_verifier": VERIFIER });
    check(&send(&emulator, exchange_with(&with_verifier)).await, INVALID_VERIFIER);
    let bare = json!({ "code": code, "code_challenge_method": null });
    assert_eq!(send(&emulator, exchange_with(&bare)).await.status(), 200);
}

#[tokio::test]
async fn plain_challenge_equals_its_verifier() {
    let emulator = Emulator::new();
    let parameters = format!("code_challenge={VERIFIER}&code_challenge_method=plain");
    let code = approved_code_with(&emulator, &parameters).await;
    let fields = json!({ "code": code, "code_verifier": VERIFIER, "code_challenge_method": "plain" });
    assert_eq!(send(&emulator, exchange_with(&fields)).await.status(), 200);
}

#[tokio::test]
async fn invalid_body_gets_the_validator_envelope() {
    let emulator = Emulator::new();
    let path = "/api/v1/auth/keys";
    for (text, names) in [
        ("{}", vec!["code"]),
        ("[]", vec![]),
        (r#"{"code":null}"#, vec!["code"]),
        (
            r#"{"code":1,"code_verifier":null,"code_challenge_method":true}"#,
            vec!["code", "code_verifier", "code_challenge_method"],
        ),
    ] {
        let response = send(&emulator, post(path, text)).await;
        assert_eq!(response.status(), 400, "{text}");
        let body = body(&response);
        assert_eq!(body["success"], false);
        assert_eq!(body["error"]["name"], "ZodError");
        let issues: serde_json::Value =
            serde_json::from_str(body["error"]["message"].as_str().unwrap()).unwrap();
        let found: Vec<&str> =
            issues.as_array().unwrap().iter().filter_map(|issue| issue["path"][0].as_str()).collect();
        assert_eq!(found, names, "{text}");
    }
}

#[tokio::test]
async fn malformed_json_is_reported_in_plain_text() {
    let emulator = Emulator::new();
    for text in ["", "{", "{\"code\":1e999}", "\u{feff}{}", "code=x"] {
        let response = send(&emulator, post("/api/v1/auth/keys", text)).await;
        assert_eq!(response.status(), 400, "{text}");
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(response.body(), "Malformed JSON in request body");
    }
}

#[tokio::test]
async fn wrong_method_is_404_or_405() {
    let emulator = Emulator::new();
    let response = send(&emulator, get("/api/v1/auth/keys", "x")).await;
    check(&response, (404, "Not Found"));
    check(&send(&emulator, post("/api/v1/nothing", "{}")).await, (404, "Not Found"));

    let emulator = Emulator::with_settings(Settings::default().wrong_method(WrongMethodStatus::NotAllowed));
    let response = send(&emulator, get("/api/v1/auth/keys", "x")).await;
    check(&response, (405, "Method Not Allowed"));
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test]
async fn body_over_64_kib_gets_413() {
    let emulator = Emulator::new();
    let request = |size: usize| {
        Request::post("http://x/api/v1/auth/keys")
            .header("content-type", "application/json")
            .body(" ".repeat(size))
            .unwrap()
    };
    assert_eq!(send(&emulator, request(64 * 1024)).await.status(), 400);
    let response = send(&emulator, request(64 * 1024 + 1)).await;
    check(&response, (413, "Request body is too large"));
}

#[tokio::test]
async fn log_and_debug_show_no_secret() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    let response = send(&emulator, exchange(&code)).await;
    let key = body(&response)["key"].as_str().unwrap().to_owned();
    send(&emulator, get("/api/v1/key", &key)).await;
    let shown = format!("{emulator:?} {:?}", emulator.log());
    for secret in [code.as_str(), VERIFIER, key.as_str(), "Bearer"] {
        assert!(!shown.contains(secret));
    }
    let seen: Vec<_> =
        emulator.log().into_iter().map(|entry| (entry.method, entry.path, entry.status)).collect();
    let expected = [("POST", "/auth", 200), ("POST", "/api/v1/auth/keys", 200), ("GET", "/api/v1/key", 200)];
    assert_eq!(
        seen,
        expected.map(|(method, path, status)| (method.to_owned(), path.to_owned(), Some(status)))
    );
}
