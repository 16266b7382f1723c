//! `GET /key`

use serde_json::json;

use super::class::{DEFAULT, INTERNAL, SHAPE, UNAUTHORIZED};
use super::inputs::gateway_page;
use crate::case::{Action, Case, call};

const PATH: &str = "/key";

/// The description of a key, and errors.
pub(super) fn all() -> Vec<Case> {
    let current_key = || call("current_key", json!({})).key("$key");
    vec![
        Case::new(
            "a key describes itself",
            [current_key().returns(json!({ "data": {
                "creator_user_id": "$user:user_",
                "include_byok_in_limit": false,
                "label": "$label",
                "limit": null,
                "limit_remaining": null,
                "limit_reset": null,
                "rate_limit": { "interval": "$interval" },
                "usage": 0,
            }}))],
        ),
        Case::new(
            "the application is named in headers",
            [
                current_key().app(["https://app.example", "Conformance", "cli-agent"]).returns(json!({})),
                Action::ExpectHeader("http-referer", "https://app.example"),
                Action::ExpectHeader("x-openrouter-title", "Conformance"),
                Action::ExpectHeader("x-openrouter-categories", "cli-agent"),
            ],
        ),
        Case::new(
            "a call without a key is rejected",
            [call("current_key", json!({})).fails_with(401, UNAUTHORIZED, "Missing Authentication header")],
        ),
        Case::new(
            "a call with an unknown key is rejected",
            [current_key().key("sk-or-v1-unknown").fails_with(401, UNAUTHORIZED, "User not found.")],
        ),
        Case::with_fault(
            "the call may be rate limited",
            PATH,
            json!({ "status": 429 }),
            current_key().fails_with(429, DEFAULT, "429"),
        ),
        Case::with_fault(
            "the call may fail with a 500",
            PATH,
            json!({ "status": 500 }),
            current_key().fails_with(500, INTERNAL, ""),
        ),
        Case::with_fault(
            "the call may fail with a 503",
            PATH,
            gateway_page(503),
            current_key().fails_with(503, DEFAULT, "<html>"),
        ),
        Case::new(
            "after a 500, the SDK's own retry succeeds",
            [Action::inject(PATH, json!({ "status": 500 })), current_key().retry().returns(json!({}))],
        ),
        Case::new(
            "a response with another schema is an error",
            [
                Action::inject(PATH, json!({ "status": 200, "body": r#"{"data":{}}"# })),
                current_key().fails_with(200, SHAPE, ""),
            ],
        ),
    ]
}
