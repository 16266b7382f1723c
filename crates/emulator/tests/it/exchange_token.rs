//! `POST /api/v1/oauth/token`

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use http::{Method, Request, Response};
use openrouter_oauth_emulator::{Emulator, KeyError, KeyUpdate};
use serde_json::Value;

use crate::support::{body, control_key, get, send, status_and_message};

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

/// Returns a part of a token.
fn decoded(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
}

/// Returns the names of an object's fields in alphabetical order.
fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn check(response: &Response<Bytes>, code: &str) {
    assert_eq!(response.status(), 400);
    assert_eq!(body(response)["error"], code, "{}", body(response));
    assert_eq!(names(&body(response)), ["error", "error_description"]);
    assert!(body(response)["error_description"].is_string());
}

#[tokio::test]
async fn access_token_works_for_fifteen_minutes() {
    let emulator = Emulator::new();
    let response = token(&emulator, &GOOD).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = body(&response);
    assert_eq!(names(&body), ["access_token", "expires_in", "issued_token_type", "scope", "token_type"]);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["scope"], "inference");
    assert_eq!(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");

    let bearer = body["access_token"].as_str().unwrap();
    let (header, claims) = (decoded(bearer, 0), decoded(bearer, 1));
    assert_eq!(header["typ"], "at+jwt");
    // RFC 9068, section 2.2.
    for claim in ["iss", "aud", "sub", "client_id", "jti"] {
        assert!(claims[claim].is_string(), "{claim}: {claims}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
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
    assert_eq!(names(&body), ["keys"]);
    assert_eq!(body["keys"].as_array().unwrap().len(), 1);
    let key = &body["keys"][0];
    assert_eq!(names(key), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    let fixed = ["alg", "crv", "kty", "use"].map(|name| &key[name]);
    assert_eq!(fixed, ["ES256", "P-256", "EC", "sig"]);
    assert!(!key["kid"].as_str().unwrap().is_empty());
    // Each coordinate has 32 bytes.
    assert_eq!(["x", "y"].map(|name| key[name].as_str().unwrap().len()), [43, 43]);
}

#[tokio::test]
async fn access_token_cannot_be_changed_or_revoked() {
    let emulator = Emulator::new();
    let token = body(&token(&emulator, &GOOD).await)["access_token"].as_str().unwrap().to_owned();
    for (method, change) in [(Method::GET, ""), (Method::PATCH, r#"{"limit":1}"#), (Method::DELETE, "")] {
        let response = send(&emulator, control_key(method, &token, change)).await;
        assert_eq!(status_and_message(&response).0, 404);
    }
    assert_eq!(emulator.update_key(&token, KeyUpdate::new().limit(1.0)), Err(KeyError::UnknownKey));
    assert_eq!(emulator.spend(&token, 1.0), Err(KeyError::UnknownKey));
    assert_eq!(emulator.revoke_key(&token), Err(KeyError::UnknownKey));
    assert!(emulator.keys().is_empty());
    let info = body(&send(&emulator, get("/api/v1/key", &token)).await);
    assert_eq!((&info["data"]["usage"], &info["data"]["label"]), (&0.into(), &"policy".into()));
}
