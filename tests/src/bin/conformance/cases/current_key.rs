//! `GET /key`

use openrouter_oauth_emulator::Fault;
use serde_json::json;

use super::class::{DEFAULT, INTERNAL, SHAPE, UNAUTHORIZED};
use super::{faulty, web_page};
use crate::case::{Act, Case, call};

const PATH: &str = "/key";

/// A key that describes itself, and all that may come instead.
pub(super) fn all() -> Vec<Case> {
    let ask = || call("current_key", json!({})).key("$key");
    vec![
        Case::new(
            "a key describes itself",
            [ask().answers(json!({ "data": {
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
                ask().app(["https://app.example", "Conformance", "cli-agent"]).answers(json!({})),
                Act::Seen("http-referer", "https://app.example"),
                Act::Seen("x-openrouter-title", "Conformance"),
                Act::Seen("x-openrouter-categories", "cli-agent"),
            ],
        ),
        Case::new(
            "asking without a key is refused",
            [call("current_key", json!({})).refuses(401, UNAUTHORIZED, "Missing Authentication header")],
        ),
        Case::new(
            "asking with an unknown key is refused",
            [ask().key("sk-or-v1-unknown").refuses(401, UNAUTHORIZED, "User not found.")],
        ),
        faulty("asking may be rate limited", PATH, Fault::status(429), ask().refuses(429, DEFAULT, "429")),
        faulty("asking may find a broken server", PATH, Fault::status(500), ask().refuses(500, INTERNAL, "")),
        faulty("asking may find a busy server", PATH, web_page(503), ask().refuses(503, DEFAULT, "<html>")),
        Case::new(
            "asking again after a 500, as the SDK does by itself, succeeds",
            [Act::Inject(Fault::status(500).on(PATH)), ask().retry().answers(json!({}))],
        ),
        Case::new(
            "an answer of another shape is noticed",
            [Act::Inject(Fault::status(200).body(r#"{"data":{}}"#).on(PATH)), ask().refuses(200, SHAPE, "")],
        ),
    ]
}
