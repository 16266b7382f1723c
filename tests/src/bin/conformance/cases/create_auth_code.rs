//! `POST /auth/keys/code`

use openrouter_oauth_emulator::Fault;
use serde_json::{Value, json};

use super::class::{BAD_REQUEST, CONFLICT, DEFAULT, FORBIDDEN, INTERNAL, SHAPE, UNAUTHORIZED};
use super::{VERIFIER, faulty, web_page};
use crate::case::{Case, Step, call};

const PATH: &str = "/auth/keys/code";

const CALLBACK: &str = "https://app.example/callback";
const WORKSPACE: &str = "3f0c2f3e-7d1d-4f0e-9a55-0d8f6f3f2b11";
const MINUTE_PRECISION: &str = r#"{"callback_url":"https://app.example","expires_at":"2127-12-31T23:59Z"}"#;

/// Codes that are made.
pub(super) fn accepted() -> Vec<Case> {
    vec![
        every_field(),
        Case::new(
            "a code created with a callback alone is exchanged without PKCE",
            [
                create_for(CALLBACK).answers(created()),
                call("exchange", json!({ "code": "$code" })).answers(json!({ "key": "$new_key:sk-or-v1-" })),
            ],
        ),
        Case::new(
            "an expiry that is null is none",
            [
                create(json!({ "callback_url": CALLBACK, "expires_at": null })).answers(created()),
                call("exchange", json!({ "code": "$code" })).answers(json!({ "key": "$new_key:sk-or-v1-" })),
                call("current_key", json!({})).key("$new_key").answers(json!({ "data": { "limit": null } })),
            ],
        ),
        Case::new(
            "a loopback callback is taken",
            [create_for("http://127.0.0.1:41234/callback").answers(created())],
        ),
    ]
}

/// Codes that are not made.
pub(super) fn refused() -> Vec<Case> {
    let mut cases = refused_requests();
    cases.extend([
        faulty("creating may be forbidden", PATH, Fault::status(403), any().refuses(403, FORBIDDEN, "")),
        faulty("creating may conflict", PATH, Fault::status(409), any().refuses(409, CONFLICT, "")),
        faulty("creating may be rate limited", PATH, Fault::status(429), any().refuses(429, DEFAULT, "429")),
        faulty(
            "creating may find a broken server",
            PATH,
            Fault::status(500),
            any().refuses(500, INTERNAL, ""),
        ),
        faulty("creating may find a web page", PATH, web_page(500), any().refuses(500, DEFAULT, "<html>")),
    ]);
    cases
}

fn refused_requests() -> Vec<Case> {
    let invalid = |name, step: Step, says| Case::new(name, [step.refuses(400, BAD_REQUEST, says)]);
    let with = |field: &str, value: &str| create(json!({ "callback_url": CALLBACK, field: value }));
    vec![
        Case::new(
            "creating a code without a key is refused",
            [call("create_code", json!({ "callback_url": CALLBACK })).refuses(
                401,
                UNAUTHORIZED,
                "Missing Authentication header",
            )],
        ),
        Case::new(
            "creating a code with an unknown key is refused",
            [any().key("sk-or-v1-unknown").refuses(401, UNAUTHORIZED, "User not found.")],
        ),
        Case::new(
            "a body without a callback is refused in another envelope",
            [any().body("{}").refuses(400, SHAPE, "ZodError")],
        ),
        Case::new(
            "a body that is not JSON is refused in plain text when creating",
            [any().body("{").refuses(400, DEFAULT, "Malformed JSON in request body")],
        ),
        invalid("an expiry without seconds is refused", any().body(MINUTE_PRECISION), "Invalid expires_at"),
        invalid(
            "a script as a callback is refused",
            create_for("javascript:alert(1)"),
            "Invalid callback_url",
        ),
        invalid(
            "plain http to another machine is refused",
            create_for("http://app.example"),
            "Invalid callback_url",
        ),
        invalid(
            "a label of 101 characters is refused",
            with("key_label", &"x".repeat(101)),
            "Invalid key_label",
        ),
        invalid(
            "an unknown interval is refused",
            with("usage_limit_type", "yearly"),
            "Invalid usage_limit_type",
        ),
        invalid("a workspace that is no UUID is refused", with("workspace_id", "mine"), "Invalid workspace"),
    ]
}

fn every_field() -> Case {
    let fields = json!({
        "callback_url": CALLBACK,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "expires_at": "2127-12-31T23:59:59Z",
        "key_label": "Conformance",
        "limit": 12.5,
        "usage_limit_type": "monthly",
        "workspace_id": WORKSPACE,
    });
    let exchange = json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "S256" });
    Case::new(
        "a code created with every field makes a key with these fields",
        [
            create(fields).answers(created()),
            call("exchange", exchange).answers(json!({ "key": "$new_key:sk-or-v1-" })),
            call("current_key", json!({})).key("$new_key").answers(json!({ "data": {
                "expires_at": "$expiry:2127-12-31T23:59:59",
                "label": "Conformance",
                "limit": 12.5,
                "limit_remaining": 12.5,
                "limit_reset": "monthly",
                "workspace_id": WORKSPACE,
            }})),
        ],
    )
}

fn create(args: Value) -> Step {
    call("create_code", args).key("$key")
}

fn create_for(callback: &str) -> Step {
    create(json!({ "callback_url": callback }))
}

/// A request that would be good.
fn any() -> Step {
    create_for(CALLBACK)
}

fn created() -> Value {
    json!({ "data": { "id": "$code", "app_id": 12345, "created_at": "$created:20" } })
}
