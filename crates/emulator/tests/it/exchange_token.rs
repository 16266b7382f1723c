//! `POST /api/v1/oauth/token`

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_emulator::Emulator;

use crate::support::{body, get, send, status_and_message};

/// `{"alg":"x"}`, `{}` and one byte: the shortest token.
const SUBJECT: &str = "eyJhbGciOiJ4In0.e30.AA";
/// The same token with `{"exp":1}`.
const EXPIRED: &str = "eyJhbGciOiJ4In0.eyJleHAiOjF9.AA";

const GOOD: [(&str, &str); 4] = [
    ("federation_policy_id", "policy"),
    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
    ("subject_token", SUBJECT),
    ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
];

async fn token(emulator: &Emulator, fields: &[(&str, &str)]) -> Response<Bytes> {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("http://x/api/v1/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .unwrap();
    send(emulator, request).await
}

#[track_caller]
fn check(response: &Response<Bytes>, code: &str) {
    assert_eq!(response.status(), 400);
    assert_eq!(body(response)["error"], code, "{}", body(response));
    assert!(body(response)["error_description"].is_string());
}

#[tokio::test]
async fn access_token_works_for_fifteen_minutes() {
    let emulator = Emulator::new();
    let response = token(&emulator, &GOOD).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = body(&response);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["scope"], "inference");
    assert_eq!(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");

    let bearer = body["access_token"].as_str().unwrap();
    assert_eq!(send(&emulator, get("/api/v1/key", bearer)).await.status(), 200);
    emulator.advance(Duration::from_secs(900));
    let rejected = send(&emulator, get("/api/v1/key", bearer)).await;
    assert_eq!(status_and_message(&rejected), (401, "User not found.".to_owned()));
}

#[tokio::test]
async fn every_field_is_checked() {
    let emulator = Emulator::new();
    for (field, value, code) in [
        ("federation_policy_id", "", "invalid_request"),
        ("grant_type", "", "invalid_request"),
        ("grant_type", "authorization_code", "unsupported_grant_type"),
        ("subject_token", "", "invalid_request"),
        ("subject_token", "not a token", "invalid_grant"),
        ("subject_token", EXPIRED, "invalid_grant"),
        ("subject_token_type", "", "invalid_request"),
        ("subject_token_type", "jwt", "invalid_request"),
    ] {
        let fields = GOOD.map(|(name, good)| (name, if name == field { value } else { good }));
        check(&token(&emulator, &fields).await, code);
    }
    for (field, value, code) in [
        ("requested_token_type", "jwt", "invalid_request"),
        ("scope", "everything", "invalid_scope"),
        ("grant_type", "twice", "invalid_request"),
    ] {
        let fields = [&GOOD[..], &[(field, value)]].concat();
        check(&token(&emulator, &fields).await, code);
    }
}

#[tokio::test]
async fn body_must_be_a_form() {
    let emulator = Emulator::new();
    let request = Request::post("http://x/api/v1/oauth/token")
        .header("content-type", "application/json")
        .body("{}")
        .unwrap();
    check(&send(&emulator, request).await, "invalid_request");
}

#[tokio::test]
async fn key_set_has_one_key_and_needs_no_bearer() {
    let emulator = Emulator::new();
    let request = Request::get("http://x/api/v1/oauth/jwks").body("").unwrap();
    let body = body(&send(&emulator, request).await);
    let key = body["keys"][0].as_object().unwrap();
    let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(key["x"].as_str().unwrap().len(), 43);
}
