//! `GET /api/v1/key`

use http::Request;
use openrouter_oauth_emulator::{Emulator, KeyUpdate, LimitReset};
use serde_json::{Value, json};

use crate::support::{body, get, send, status_and_message, user_key};

/// Every field of the OpenAPI document.
const FIELDS: [&str; 19] = [
    "byok_usage",
    "byok_usage_daily",
    "byok_usage_monthly",
    "byok_usage_weekly",
    "creator_user_id",
    "expires_at",
    "include_byok_in_limit",
    "is_free_tier",
    "is_management_key",
    "is_provisioning_key",
    "label",
    "limit",
    "limit_remaining",
    "limit_reset",
    "rate_limit",
    "usage",
    "usage_daily",
    "usage_monthly",
    "usage_weekly",
];

/// Fields that only the official SDKs require.
const ONLY_IN_SDKS: [&str; 6] = [
    "allowed_data_regions",
    "budgets",
    "effective_budget",
    "free_model_daily_requests",
    "organization_id",
    "workspace_id",
];

#[tokio::test]
async fn both_paths_return_every_documented_field() {
    let emulator = Emulator::new();
    let key = emulator.issue_management_key();
    for path in ["/api/v1/key", "/api/v1/auth/key"] {
        let response = send(&emulator, get(path, &key)).await;
        assert_eq!(response.status(), 200);
        let body = body(&response);
        let data = body["data"].as_object().unwrap();
        for field in FIELDS.into_iter().chain(ONLY_IN_SDKS) {
            assert!(data.contains_key(field), "{field}");
        }
        assert_eq!(data["is_management_key"], true);
    }
    assert_eq!(emulator.requests("/key"), 1);
    assert_eq!(emulator.posts("/key"), 0);
}

#[tokio::test]
async fn bad_key_and_missing_key_have_different_messages() {
    let emulator = Emulator::new();
    for bearer in ["sk-or-v1-0", "eyJhbGciOiJ4In0.e30.AA", "é"] {
        let rejected = status_and_message(&send(&emulator, get("/api/v1/key", bearer)).await);
        let expected = if bearer.is_ascii() { "User not found." } else { "Missing Authentication header" };
        assert_eq!(rejected, (401, expected.to_owned()), "{bearer}");
    }
    let none = Request::get("http://x/api/v1/key").body("").unwrap();
    let rejected = status_and_message(&send(&emulator, none).await);
    assert_eq!(rejected, (401, "Missing Authentication header".to_owned()));
}

/// Returns the key's details after a change.
async fn after(emulator: &Emulator, key: &str, update: KeyUpdate) -> Value {
    emulator.update_key(key, update).unwrap();
    body(&send(emulator, get("/api/v1/key", key)).await)["data"].clone()
}

#[tokio::test]
async fn limit_is_the_only_budget() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    emulator.spend(&key, 7.5).unwrap();
    let data = after(&emulator, &key, KeyUpdate::new()).await;
    assert_eq!((&data["budgets"], &data["effective_budget"]), (&json!([]), &Value::Null));
    let data = after(&emulator, &key, KeyUpdate::new().limit(5.0)).await;
    assert_eq!((&data["limit"], &data["limit_remaining"]), (&json!(5), &json!(0)));
    // Every field of the official SDK's type.
    let mut budget = json!({
        "scope": "key_limit",
        "limit_usd": 5,
        "spend_usd": 7.5,
        "remaining_usd": -2.5,
        "include_byok": false,
        "reset_interval": null,
        "resets_at": null,
        "budget_id": null,
        "guardrail_id": null,
    });
    assert_eq!((&data["budgets"], &data["effective_budget"]), (&json!([budget]), &budget));

    for reset in [LimitReset::Daily, LimitReset::Weekly, LimitReset::Monthly] {
        let data = after(&emulator, &key, KeyUpdate::new().limit_reset(reset)).await;
        let shown = &data["effective_budget"];
        budget["reset_interval"] = data["limit_reset"].clone();
        budget["resets_at"] = shown["resets_at"].clone();
        assert_eq!(shown, &budget);
        assert!(shown["resets_at"].as_str().unwrap().ends_with("T00:00:00Z"), "{shown}");
    }
}

#[tokio::test]
async fn workspace_and_owner_do_not_change() {
    let emulator = Emulator::new();
    let key = user_key(&emulator).await;
    let before = after(&emulator, &key, KeyUpdate::new()).await;
    emulator.spend(&key, 0.5).unwrap();
    let changed = after(&emulator, &key, KeyUpdate::new().label("x").limit(1.0)).await;
    for field in ["workspace_id", "creator_user_id", "organization_id", "is_management_key", "rate_limit"] {
        assert_eq!(before[field], changed[field], "{field}");
    }
    assert_eq!((&changed["label"], &changed["limit_remaining"]), (&json!("x"), &json!(0.5)));
}
