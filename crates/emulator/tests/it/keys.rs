//! `/emulator/keys`: the whole life of a key, in Rust and over HTTP.

use std::time::{Duration, SystemTime};

use http::{Method, Request};
use openrouter_oauth_emulator::{Emulator, KeyError, KeyUpdate, LimitReset};
use serde_json::{Value, json};

use crate::support::{
    SERVER, approved_code, assert_masked, body, control_key, exchange, get, post, send, status_and_message,
    user_key,
};

async fn list(emulator: &Emulator) -> Value {
    body(&send(emulator, get("/emulator/keys", "")).await)
}

async fn patch(emulator: &Emulator, id: &str, change: Value) -> Value {
    let response = send(emulator, control_key(Method::PATCH, id, change.to_string())).await;
    assert_eq!(response.status(), 200, "{change}");
    body(&response)
}

async fn spend(emulator: &Emulator, id: &str, dollars: f64) -> Value {
    let path = format!("/emulator/keys/{id}/spend");
    let response = send(emulator, post(&path, json!({ "dollars": dollars }).to_string())).await;
    assert_eq!(response.status(), 200, "{dollars}");
    body(&response)
}

async fn details(emulator: &Emulator, key: &str) -> Value {
    let response = send(emulator, get("/api/v1/key", key)).await;
    assert_eq!(response.status(), 200);
    body(&response)["data"].clone()
}

/// Checks that every endpoint that takes a key rejects this one as it rejects an unknown key.
async fn assert_rejected(emulator: &Emulator, key: &str) {
    let mut create = post("/api/v1/auth/keys/code", r#"{"callback_url":"https://my.app"}"#);
    create.headers_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    for request in [get("/api/v1/key", key), get("/api/v1/auth/key", key), create] {
        let rejected = status_and_message(&send(emulator, request).await);
        assert_eq!(rejected, (401, "User not found.".to_owned()));
    }
}

#[tokio::test]
async fn key_changes_the_same_way_in_rust_and_over_http() {
    let emulator = Emulator::new();
    let (rust, http) = (user_key(&emulator).await, user_key(&emulator).await);
    let expires_at = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_799);
    for (update, change) in [
        (KeyUpdate::new().label("A label"), json!({ "label": "A label" })),
        (KeyUpdate::new().limit(5.0), json!({ "limit": 5 })),
        (
            KeyUpdate::new().limit(2.0).limit_reset(LimitReset::Weekly),
            json!({ "limit": 2, "limit_reset": "weekly" }),
        ),
        (KeyUpdate::new().expires_at(expires_at), json!({ "expires_at": "2099-12-31T23:59:59Z" })),
        (KeyUpdate::new(), json!({})),
        (KeyUpdate::new().limit(None).limit_reset(None), json!({ "limit": null, "limit_reset": null })),
        (KeyUpdate::new().expired(), json!({ "expires_at": "0001-01-01T00:00:00Z" })),
        (KeyUpdate::new().expires_at(None), json!({ "expires_at": null })),
    ] {
        emulator.update_key(&rust, update).unwrap();
        let by_rust = emulator.spend(&rust, 0.1).unwrap();
        spend(&emulator, &http, 0.1).await;
        let returned = patch(&emulator, &http, change.clone()).await;
        let mut by_http = emulator.key(&http).unwrap();
        assert_eq!(returned, body(&send(&emulator, control_key(Method::GET, &by_http.hash, "")).await));
        assert_eq!(returned["hash"], *by_http.hash);
        if by_rust.label == "A label" {
            assert_eq!(by_http.label, by_rust.label);
        }
        by_http.hash.clone_from(&by_rust.hash);
        by_http.created_at = by_rust.created_at;
        assert_eq!(by_http, by_rust, "{change}");
    }
    let usage = emulator.key(&http).unwrap().usage;
    assert_eq!(usage.to_bits(), 0.8_f64.to_bits());
}

#[tokio::test]
async fn control_interface_and_api_show_the_same_fields() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    let change = json!({ "label": "x", "limit": 2, "limit_reset": "daily",
                         "expires_at": "2999-01-01T00:00:00Z" });
    patch(&emulator, &key, change).await;
    let changed = spend(&emulator, &key, 0.5).await;
    assert_eq!(changed["limit_remaining"], 1.5);
    let (details, fields) = (details(&emulator, &key).await, changed.as_object().unwrap());
    for (name, value) in fields.iter().filter(|(name, _)| !["hash", "created_at"].contains(&name.as_str())) {
        assert_eq!(&details[name], value, "{name}");
    }
    assert_eq!(fields.len(), 12);
}

#[tokio::test]
async fn list_shows_every_key_in_order_and_no_key_itself() {
    let emulator = Emulator::new();
    let keys = [emulator.issue_management_key(), user_key(&emulator).await, emulator.issue_management_key()];
    let listed = list(&emulator).await;
    let rust = emulator.keys();
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(listed[index], body(&send(&emulator, control_key(Method::GET, key, "")).await));
        assert_eq!(listed[index]["hash"], *rust[index].hash);
        assert_eq!(listed[index]["is_management_key"], index != 1);
        assert_eq!(emulator.key(key).as_ref(), Some(&rust[index]));
        let shown = format!("{listed} {rust:?} {:?}", emulator.log());
        assert!(!shown.contains(&key[12..key.len() - 4]), "{shown}");
    }
    let head = Request::head(format!("{SERVER}/emulator/keys")).body("").unwrap();
    assert_eq!(send(&emulator, head).await.status(), 200);
    assert_eq!(emulator.keys().len(), 3, "HEAD creates no key");
}

#[tokio::test]
async fn key_without_label_shows_the_masked_key() {
    let emulator = Emulator::new();
    assert_masked(&emulator, &emulator.issue_management_key()).await;
    assert_masked(&emulator, &user_key(&emulator).await).await;
}

#[tokio::test]
async fn limit_can_change_while_spent() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    for (dollars, change, remaining) in [
        (7.5, json!({}), json!(null)),
        (0.0, json!({ "limit": 5 }), json!(0)),
        (0.0, json!({ "limit": 10 }), json!(2.5)),
        (2.4, json!({}), json!(0.1)),
        (100.0, json!({}), json!(0)),
        (0.0, json!({ "limit": 0 }), json!(0)),
        (0.0, json!({ "limit": null }), json!(null)),
    ] {
        spend(&emulator, &key, dollars).await;
        patch(&emulator, &key, change.clone()).await;
        assert_eq!(details(&emulator, &key).await["limit_remaining"], remaining, "{dollars} {change}");
    }
    assert_eq!(details(&emulator, &key).await["usage"], 109.9);
}

#[tokio::test]
async fn revoked_key_is_rejected_everywhere() {
    let emulator = Emulator::new();
    let keys = [user_key(&emulator).await, user_key(&emulator).await, user_key(&emulator).await];
    details(&emulator, &keys[0]).await;
    // By the key and by its hash.
    emulator.revoke_key(&keys[0]).unwrap();
    let hash = emulator.key(&keys[1]).unwrap().hash;
    let response = send(&emulator, control_key(Method::DELETE, &hash, "")).await;
    assert_eq!((response.status().as_u16(), body(&response)), (200, json!({ "ok": true })));
    for key in &keys[..2] {
        assert_rejected(&emulator, key).await;
        assert_eq!(emulator.revoke_key(key), Err(KeyError::UnknownKey));
        assert_eq!(emulator.spend(key, 0.1), Err(KeyError::UnknownKey));
        assert_eq!(send(&emulator, control_key(Method::DELETE, key, "")).await.status(), 404);
        let change = emulator.update_key(key, KeyUpdate::new().expires_at(None));
        assert_eq!(change, Err(KeyError::UnknownKey));
    }
    details(&emulator, &keys[2]).await;
    assert_eq!(list(&emulator).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn key_can_be_revoked_before_its_first_use() {
    let emulator = Emulator::new();
    let code = approved_code(&emulator).await;
    let key = body(&send(&emulator, exchange(&code)).await)["key"].as_str().unwrap().to_owned();
    emulator.revoke_key(&key).unwrap();
    assert_rejected(&emulator, &key).await;
    // The code was used up with the key.
    assert_eq!(send(&emulator, exchange(&code)).await.status(), 400);
}

#[tokio::test]
async fn expired_key_can_become_valid_again() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    patch(&emulator, &key, json!({ "expires_at": "2020-01-01T00:00:00Z" })).await;
    assert_rejected(&emulator, &key).await;
    patch(&emulator, &key, json!({ "expires_at": null })).await;
    details(&emulator, &key).await;

    let expires_at = emulator.key(&key).unwrap().created_at + Duration::from_secs(3600);
    emulator.update_key(&key, KeyUpdate::new().expires_at(expires_at)).unwrap();
    emulator.advance(Duration::from_secs(3590));
    details(&emulator, &key).await;
    emulator.advance(Duration::from_secs(10));
    assert_rejected(&emulator, &key).await;
    assert_eq!(emulator.keys().len(), 1, "an expired key still exists");
    emulator.update_key(&key, KeyUpdate::new().expires_at(expires_at + Duration::from_secs(3600))).unwrap();
    details(&emulator, &key).await;
}

#[tokio::test]
async fn hash_of_a_key_is_not_a_key() {
    let emulator = Emulator::new();
    let hash = emulator.key(&user_key(&emulator).await).unwrap().hash;
    assert_rejected(&emulator, &hash).await;
}

#[tokio::test]
async fn oldest_key_is_dropped_only_for_keys_that_exist() {
    let emulator = Emulator::new();
    let first = emulator.issue_management_key();
    for _ in 0..20_000 {
        emulator.revoke_key(&emulator.issue_management_key()).unwrap();
    }
    details(&emulator, &first).await;
    for _ in 0..10_000 {
        emulator.issue_management_key();
    }
    assert_rejected(&emulator, &first).await;
    assert_eq!(emulator.keys().len(), 10_000);
}
