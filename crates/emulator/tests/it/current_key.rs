//! `GET /api/v1/key`

use http::Request;
use openrouter_oauth_emulator::Emulator;

use crate::support::{body, get, send, status_and_message};

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
    let key = emulator.issue_key();
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
