//! `POST /auth/keys`

use std::time::Duration;

use serde_json::{Value, json};

use super::class::{BAD_REQUEST, DEFAULT, FORBIDDEN, INTERNAL, SHAPE};
use super::inputs::{VERIFIER, gateway_page};
use crate::case::{Action, CallBuilder, Case, call};
use crate::driver::Language;

const PATH: &str = "/auth/keys";

const S256_PAGE: &str = "$page?callback_url=https://app.example/callback\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const HEADLESS_PAGE: &str =
    "$page?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const PLAIN_PAGE: &str = "$page?callback_url=https://app.example/callback\
    &code_challenge=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&code_challenge_method=plain";
const BARE_PAGE: &str = "$page?callback_url=https://app.example/callback";

/// Exchanges that succeed.
pub(super) fn accepted() -> Vec<Case> {
    vec![
        Case::new(
            "an approved code with S256 is exchanged for a key that works",
            [
                Action::Approve(S256_PAGE),
                exchange_s256().returns(grant()),
                call("current_key", json!({}))
                    .key("$new_key")
                    .returns(json!({ "data": { "label": "$label:sk-or-v1-" } })),
            ],
        ),
        own_helpers(),
        Case::new(
            "a code copied from the page is exchanged for a key",
            [Action::Approve(HEADLESS_PAGE), exchange_s256().returns(grant())],
        ),
        Case::new(
            "an approved code with plain is exchanged for a key",
            [
                Action::Approve(PLAIN_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "plain" }),
                )
                .returns(grant()),
            ],
        ),
        Case::new(
            "an approved code without PKCE is exchanged for a key",
            [Action::Approve(BARE_PAGE), exchange(json!({ "code": "$code" })).returns(grant())],
        ),
        Case::new(
            "a method that is null counts as omitted",
            [
                Action::Approve(BARE_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": null })).returns(grant()),
            ],
        ),
        Case::new(
            "a rejected exchange keeps the code valid",
            [
                Action::Approve(S256_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": "wrong", "code_challenge_method": "S256" }),
                )
                .fails_with(403, FORBIDDEN, "Invalid code or code_verifier"),
                exchange_s256().returns(grant()),
            ],
        ),
        Case::new(
            "of 30 exchanges of one code at once, exactly one gets a key",
            [
                Action::Approve(S256_PAGE),
                exchange_s256().races_for(grant(), 400, BAD_REQUEST, "Invalid code"),
                Action::ExpectGrantedKeys(1),
                call("current_key", json!({})).key("$new_key").returns(json!({})),
            ],
        ),
        Case::new(
            "a configured key does not affect an exchange",
            [Action::Approve(S256_PAGE), exchange_s256().key("sk-or-v1-unknown").returns(grant())],
        ),
        Case::new(
            "after a 500 that processed nothing, the SDK's own retry succeeds",
            [
                Action::Approve(S256_PAGE),
                Action::inject(PATH, json!({ "status": 500 })),
                exchange_s256().retry().returns(grant()),
            ],
        ),
    ]
}

/// Exchanges that fail.
pub(super) fn rejected() -> Vec<Case> {
    let mut cases = rejected_requests();
    cases.extend([
        Case::with_fault(
            "an exchange may be rate limited",
            PATH,
            json!({ "status": 429 }),
            unknown_code().fails_with(429, DEFAULT, "429"),
        ),
        Case::with_fault(
            "an exchange may fail with a 500",
            PATH,
            json!({ "status": 500 }),
            unknown_code().fails_with(500, INTERNAL, ""),
        ),
        Case::with_fault(
            "an exchange may return a web page",
            PATH,
            gateway_page(502),
            unknown_code().fails_with(502, DEFAULT, "<html>"),
        ),
        Case::new(
            "a key in a response of another content type is rejected",
            [
                Action::Approve(S256_PAGE),
                Action::inject(PATH, json!({ "wrong_content_type": "text/plain" })),
                exchange_s256().fails_with(200, DEFAULT, "sk-or-v1-"),
            ],
        ),
        Case::with_fault(
            "a broken connection is a connection error",
            PATH,
            json!({ "drop": "before_commit" }),
            unknown_code().fails_without_response(["RemoteProtocolError", "ConnectionError"]),
        ),
        Case::new(
            "after a lost response, the SDK's own retry finds the code used up",
            [
                Action::Approve(S256_PAGE),
                Action::inject(PATH, json!({ "drop": "after_commit" })),
                exchange_s256().retry().fails_with(400, BAD_REQUEST, "Invalid code"),
            ],
        )
        .except(Language::Python, "it does not retry after httpx's RemoteProtocolError"),
    ]);
    cases
}

fn rejected_requests() -> Vec<Case> {
    vec![
        Case::new(
            "an unknown code is rejected",
            [unknown_code().fails_with(400, BAD_REQUEST, "Invalid code")],
        ),
        Case::new(
            "a code works once",
            [
                Action::Approve(S256_PAGE),
                exchange_s256().returns(grant()),
                exchange_s256().fails_with(400, BAD_REQUEST, "Invalid code"),
            ],
        ),
        Case::new(
            "a code expires after ten minutes",
            [
                Action::Approve(S256_PAGE),
                Action::AdvanceClock(Duration::from_secs(601)),
                exchange_s256().fails_with(403, FORBIDDEN, "Authorization code expired"),
            ],
        ),
        Case::new(
            "a missing verifier is rejected",
            [
                Action::Approve(S256_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": "S256" })).fails_with(
                    403,
                    FORBIDDEN,
                    "Invalid code or code_verifier",
                ),
            ],
        ),
        Case::new(
            "a method other than the challenge's is rejected",
            [
                Action::Approve(S256_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "plain" }),
                )
                .fails_with(400, BAD_REQUEST, "Invalid code_challenge_method"),
            ],
        ),
        Case::new(
            "a method without a challenge is rejected",
            [
                Action::Approve(BARE_PAGE),
                exchange_s256().fails_with(400, BAD_REQUEST, "Invalid code_challenge_method"),
            ],
        ),
        Case::new(
            "an unknown method is rejected",
            [
                Action::Approve(S256_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": "S512" })).fails_with(
                    400,
                    BAD_REQUEST,
                    "Invalid code_challenge_method",
                ),
            ],
        )
        .except(Language::Python, "it omits an unknown method from the request"),
        Case::new(
            "a body without a code is rejected in another envelope",
            [unknown_code().body("{}").fails_with(400, SHAPE, "ZodError")],
        ),
        Case::new(
            "a body that is not JSON is rejected in plain text",
            [unknown_code().body("{").fails_with(400, DEFAULT, "Malformed JSON in request body")],
        ),
    ]
}

fn own_helpers() -> Case {
    let page = json!({
        "callback_url": "https://app.example/callback",
        "code_challenge": "$challenge",
        "code_challenge_method": "S256",
        "limit": 5,
    });
    Case::new(
        "the SDK's own challenge and authorize URL lead to a key with their limit",
        [
            call("pkce", json!({}))
                .returns(json!({ "code_challenge": "$challenge", "code_verifier": "$verifier" })),
            call("authorize_url", page).returns(json!("$url:http://127.0.0.1:")),
            Action::Approve("$url"),
            exchange(
                json!({ "code": "$code", "code_verifier": "$verifier", "code_challenge_method": "S256" }),
            )
            .returns(grant()),
            call("current_key", json!({})).key("$new_key").returns(json!({ "data": { "limit": 5 } })),
        ],
    )
    .except(Language::Python, "it has neither a PKCE nor an authorize URL helper")
}

fn exchange(args: Value) -> CallBuilder {
    call("exchange", args)
}

fn exchange_s256() -> CallBuilder {
    exchange(json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "S256" }))
}

/// A well-formed exchange of an unknown code.
fn unknown_code() -> CallBuilder {
    exchange(json!({ "code": "unknown_code" }))
}

fn grant() -> Value {
    json!({ "key": "$new_key:sk-or-v1-", "user_id": "$user:user_" })
}
