//! `POST /api/v1/auth/keys/code`

use openrouter_oauth_emulator::Emulator;
use serde_json::{Value, json};

use crate::support::{
    CHALLENGE, assert_masked, body, exchange, exchange_with, get, post, send, status_and_message,
};

fn create(key: &str, fields: &Value) -> http::Request<String> {
    let mut request = post("/api/v1/auth/keys/code", fields.to_string());
    let bearer = format!("Bearer {key}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    request
}

/// Every field of the request.
fn all_fields() -> Value {
    json!({
        "callback_url": "https://my.app/cb",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "expires_at": "2999-12-31T23:59:59Z",
        "key_label": "My key",
        "limit": 12.5,
        "spawn_agent": "my-agent",
        "spawn_cloud": "aws-us-east-1",
        "usage_limit_type": "monthly",
        "workspace_id": "123e4567-e89b-12d3-a456-426614174000",
    })
}

#[tokio::test]
async fn key_has_the_requested_properties() {
    let emulator = Emulator::new();
    let response = send(&emulator, create(&emulator.issue_management_key(), &all_fields())).await;
    assert_eq!(response.status(), 200);
    let data = &body(&response)["data"];
    assert!(data["app_id"].is_u64());
    assert_eq!(data["created_at"].as_str().unwrap().len(), 20);

    let response = send(&emulator, exchange(data["id"].as_str().unwrap())).await;
    let key = body(&response)["key"].as_str().unwrap().to_owned();
    let key = body(&send(&emulator, get("/api/v1/key", &key)).await);
    for (field, value) in [
        ("label", json!("My key")),
        ("limit", json!(12.5)),
        ("limit_remaining", json!(12.5)),
        ("limit_reset", json!("monthly")),
        ("expires_at", json!("2999-12-31T23:59:59Z")),
        ("is_management_key", json!(false)),
    ] {
        assert_eq!(key["data"][field], value, "{field}");
    }
}

#[tokio::test]
async fn only_the_callback_is_required() {
    let emulator = Emulator::new();
    let fields = json!({ "callback_url": "http://localhost:3000" });
    let response = send(&emulator, create(&emulator.issue_management_key(), &fields)).await;
    assert_eq!(response.status(), 200);
    let bare = json!({ "code": body(&response)["data"]["id"] });
    let key = body(&send(&emulator, exchange_with(&bare)).await)["key"].as_str().unwrap().to_owned();
    assert_masked(&emulator, &key).await;
}

#[tokio::test]
async fn bearer_is_checked_before_the_body() {
    let emulator = Emulator::new();
    let request = post("/api/v1/auth/keys/code", "{");
    let rejected = status_and_message(&send(&emulator, request).await);
    assert_eq!(rejected, (401, "Missing Authentication header".to_owned()));
    let rejected = status_and_message(&send(&emulator, create("sk-or-v1-0", &all_fields())).await);
    assert_eq!(rejected, (401, "User not found.".to_owned()));
}

#[tokio::test]
async fn every_invalid_value_is_rejected() {
    let emulator = Emulator::new();
    let key = emulator.issue_management_key();
    for (field, value) in [
        ("callback_url", json!("javascript:alert(1)")),
        ("callback_url", json!("http://evil/")),
        ("callback_url", json!("http://127.0.0.1@evil/")),
        ("callback_url", json!("")),
        ("code_challenge", json!("short")),
        ("code_challenge_method", json!("s256")),
        ("expires_at", json!("2999-12-31T23:59Z")),
        ("expires_at", json!("2000-01-01T00:00:00Z")),
        ("key_label", json!("x".repeat(101))),
        ("key_label", json!("a\nb")),
        ("key_label", json!("\0")),
        ("limit", json!(-1)),
        ("usage_limit_type", json!("hourly")),
        ("workspace_id", json!("mine")),
    ] {
        let mut fields = all_fields();
        fields[field] = value.clone();
        let (status, message) = status_and_message(&send(&emulator, create(&key, &fields)).await);
        assert_eq!(status, 400, "{field}: {value}");
        assert!(message.starts_with("Invalid "), "{message}");
    }
}

#[tokio::test]
async fn validator_rejects_every_wrong_type() {
    let emulator = Emulator::new();
    let key = emulator.issue_management_key();
    for (field, value) in [
        ("callback_url", json!(null)),
        ("code_challenge", json!(null)),
        ("expires_at", json!(1)),
        ("key_label", json!(null)),
        ("limit", json!("1")),
        ("limit", json!(null)),
        ("spawn_agent", json!(1)),
        ("spawn_agent", json!(null)),
        ("spawn_cloud", json!(["x"])),
        ("usage_limit_type", json!(null)),
        ("workspace_id", json!(1)),
    ] {
        let mut fields = all_fields();
        fields[field] = value.clone();
        let response = send(&emulator, create(&key, &fields)).await;
        assert_eq!(response.status(), 400, "{field}: {value}");
        assert_eq!(body(&response)["error"]["name"], "ZodError", "{field}: {value}");
    }
}
