//! `POST /auth/keys/code`

use serde_json::{Value, json};

use super::class::{BAD_REQUEST, CONFLICT, DEFAULT, FORBIDDEN, INTERNAL, SHAPE, UNAUTHORIZED};
use super::inputs::{VERIFIER, gateway_page};
use crate::case::{CallBuilder, Case, call};

const PATH: &str = "/auth/keys/code";

const CALLBACK: &str = "https://app.example/callback";
const WORKSPACE: &str = "3f0c2f3e-7d1d-4f0e-9a55-0d8f6f3f2b11";
const MINUTE_PRECISION: &str = r#"{"callback_url":"https://app.example","expires_at":"2127-12-31T23:59Z"}"#;

/// Requests that succeed.
pub(super) fn accepted() -> Vec<Case> {
    vec![
        every_field(),
        Case::new(
            "a code created with a callback alone is exchanged without PKCE",
            [
                create_for(CALLBACK).returns(created()),
                call("exchange", json!({ "code": "$code" })).returns(json!({ "key": "$new_key:sk-or-v1-" })),
            ],
        ),
        Case::new(
            "an expiry that is null counts as omitted",
            [
                create(json!({ "callback_url": CALLBACK, "expires_at": null })).returns(created()),
                call("exchange", json!({ "code": "$code" })).returns(json!({ "key": "$new_key:sk-or-v1-" })),
                call("current_key", json!({})).key("$new_key").returns(json!({ "data": { "limit": null } })),
            ],
        ),
        Case::new(
            "a loopback callback is accepted",
            [create_for("http://127.0.0.1:41234/callback").returns(created())],
        ),
    ]
}

/// Requests that fail.
pub(super) fn rejected() -> Vec<Case> {
    let mut cases = rejected_requests();
    cases.extend([
        Case::with_fault(
            "creating a code may be forbidden",
            PATH,
            json!({ "status": 403 }),
            valid().fails_with(403, FORBIDDEN, ""),
        ),
        Case::with_fault(
            "creating a code may conflict",
            PATH,
            json!({ "status": 409 }),
            valid().fails_with(409, CONFLICT, ""),
        ),
        Case::with_fault(
            "creating a code may be rate limited",
            PATH,
            json!({ "status": 429 }),
            valid().fails_with(429, DEFAULT, "429"),
        ),
        Case::with_fault(
            "creating a code may fail with a 500",
            PATH,
            json!({ "status": 500 }),
            valid().fails_with(500, INTERNAL, ""),
        ),
        Case::with_fault(
            "creating a code may return a web page",
            PATH,
            gateway_page(500),
            valid().fails_with(500, DEFAULT, "<html>"),
        ),
    ]);
    cases
}

fn rejected_requests() -> Vec<Case> {
    let invalid =
        |name, call: CallBuilder, message| Case::new(name, [call.fails_with(400, BAD_REQUEST, message)]);
    let with = |field: &str, value: &str| create(json!({ "callback_url": CALLBACK, field: value }));
    vec![
        Case::new(
            "creating a code without a key is rejected",
            [call("create_code", json!({ "callback_url": CALLBACK })).fails_with(
                401,
                UNAUTHORIZED,
                "Missing Authentication header",
            )],
        ),
        Case::new(
            "creating a code with an unknown key is rejected",
            [valid().key("sk-or-v1-unknown").fails_with(401, UNAUTHORIZED, "User not found.")],
        ),
        Case::new(
            "a body without a callback is rejected in another envelope",
            [valid().body("{}").fails_with(400, SHAPE, "ZodError")],
        ),
        Case::new(
            "a body that is not JSON is rejected in plain text when creating a code",
            [valid().body("{").fails_with(400, DEFAULT, "Malformed JSON in request body")],
        ),
        invalid(
            "an expiry without seconds is rejected",
            valid().body(MINUTE_PRECISION),
            "Invalid expires_at",
        ),
        invalid(
            "a callback that is a script is rejected",
            create_for("javascript:alert(1)"),
            "Invalid callback_url",
        ),
        invalid(
            "plain http to another machine is rejected",
            create_for("http://app.example"),
            "Invalid callback_url",
        ),
        invalid(
            "a label of 101 characters is rejected",
            with("key_label", &"x".repeat(101)),
            "Invalid key_label",
        ),
        invalid(
            "an unknown interval is rejected",
            with("usage_limit_type", "yearly"),
            "Invalid usage_limit_type",
        ),
        invalid(
            "a workspace that is not a UUID is rejected",
            with("workspace_id", "mine"),
            "Invalid workspace",
        ),
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
        "a code created with every field leads to a key with these fields",
        [
            create(fields).returns(created()),
            call("exchange", exchange).returns(json!({ "key": "$new_key:sk-or-v1-" })),
            call("current_key", json!({})).key("$new_key").returns(json!({ "data": {
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

fn create(args: Value) -> CallBuilder {
    call("create_code", args).key("$key")
}

fn create_for(callback: &str) -> CallBuilder {
    create(json!({ "callback_url": callback }))
}

/// A valid request.
fn valid() -> CallBuilder {
    create_for(CALLBACK)
}

fn created() -> Value {
    json!({ "data": { "id": "$code", "app_id": 12345, "created_at": "$created:20" } })
}
