//! `POST /auth/keys`

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use serde_json::{Value, json};

use super::class::{BAD_REQUEST, DEFAULT, FORBIDDEN, INTERNAL, SHAPE};
use super::{VERIFIER, faulty, web_page};
use crate::case::{Act, Case, Step, call};
use crate::driver::Sdk;

const PATH: &str = "/auth/keys";

const S256_PAGE: &str = "$page?callback_url=https://app.example/callback\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const HEADLESS_PAGE: &str =
    "$page?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
const PLAIN_PAGE: &str = "$page?callback_url=https://app.example/callback\
    &code_challenge=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&code_challenge_method=plain";
const BARE_PAGE: &str = "$page?callback_url=https://app.example/callback";

/// Exchanges that lead to a key.
pub(super) fn accepted() -> Vec<Case> {
    vec![
        Case::new(
            "an approved code with S256 is exchanged for a key that works",
            [
                Act::Approve(S256_PAGE),
                exchange_s256().answers(grant()),
                call("current_key", json!({}))
                    .key("$new_key")
                    .answers(json!({ "data": { "label": "app.example" } })),
            ],
        ),
        own_helpers(),
        Case::new(
            "a code copied from the page is exchanged for a key",
            [Act::Approve(HEADLESS_PAGE), exchange_s256().answers(grant())],
        ),
        Case::new(
            "an approved code with plain is exchanged for a key",
            [
                Act::Approve(PLAIN_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "plain" }),
                )
                .answers(grant()),
            ],
        ),
        Case::new(
            "an approved code without PKCE is exchanged for a key",
            [Act::Approve(BARE_PAGE), exchange(json!({ "code": "$code" })).answers(grant())],
        ),
        Case::new(
            "a method that is null is no method",
            [
                Act::Approve(BARE_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": null })).answers(grant()),
            ],
        ),
        Case::new(
            "a refused exchange leaves the code good",
            [
                Act::Approve(S256_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": "wrong", "code_challenge_method": "S256" }),
                )
                .refuses(403, FORBIDDEN, "Invalid code or code_verifier"),
                exchange_s256().answers(grant()),
            ],
        ),
        Case::new(
            "a configured key does not hinder an exchange",
            [Act::Approve(S256_PAGE), exchange_s256().key("sk-or-v1-unknown").answers(grant())],
        ),
        Case::new(
            "after a 500 that processed nothing, the SDK's own retry succeeds",
            [
                Act::Approve(S256_PAGE),
                Act::Inject(Fault::status(500).on(PATH)),
                exchange_s256().retry().answers(grant()),
            ],
        ),
    ]
}

/// Exchanges that are refused, and answers that are none.
pub(super) fn refused() -> Vec<Case> {
    let mut cases = refused_requests();
    cases.extend([
        faulty(
            "an exchange may be rate limited",
            PATH,
            Fault::status(429),
            any().refuses(429, DEFAULT, "429"),
        ),
        faulty(
            "an exchange may find a broken server",
            PATH,
            Fault::status(500),
            any().refuses(500, INTERNAL, ""),
        ),
        faulty("an exchange may find a web page", PATH, web_page(502), any().refuses(502, DEFAULT, "<html>")),
        Case::new(
            "a key in an answer of another content type is refused",
            [
                Act::Approve(S256_PAGE),
                Act::Inject(Fault::wrong_content_type("text/plain").on(PATH)),
                exchange_s256().refuses(200, DEFAULT, "sk-or-v1-"),
            ],
        ),
        faulty(
            "a connection that breaks is an error of the connection",
            PATH,
            Fault::drop_before_commit(),
            any().breaks(["RemoteProtocolError", "ConnectionError"]),
        ),
        Case::new(
            "after an answer that was lost, the SDK's own retry finds the code spent",
            [
                Act::Approve(S256_PAGE),
                Act::Inject(Fault::drop_after_commit().on(PATH)),
                exchange_s256().retry().refuses(400, BAD_REQUEST, "Invalid code"),
            ],
        )
        .but(Sdk::Python, "it does not send again after httpx's RemoteProtocolError"),
    ]);
    cases
}

fn refused_requests() -> Vec<Case> {
    vec![
        Case::new("an unknown code is refused", [any().refuses(400, BAD_REQUEST, "Invalid code")]),
        Case::new(
            "a code works once",
            [
                Act::Approve(S256_PAGE),
                exchange_s256().answers(grant()),
                exchange_s256().refuses(400, BAD_REQUEST, "Invalid code"),
            ],
        ),
        Case::new(
            "a code lives ten minutes",
            [
                Act::Approve(S256_PAGE),
                Act::Pass(Duration::from_secs(601)),
                exchange_s256().refuses(403, FORBIDDEN, "Authorization code expired"),
            ],
        ),
        Case::new(
            "a missing verifier is refused",
            [
                Act::Approve(S256_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": "S256" })).refuses(
                    403,
                    FORBIDDEN,
                    "Invalid code or code_verifier",
                ),
            ],
        ),
        Case::new(
            "another method than the challenge's is refused",
            [
                Act::Approve(S256_PAGE),
                exchange(
                    json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "plain" }),
                )
                .refuses(400, BAD_REQUEST, "Invalid code_challenge_method"),
            ],
        ),
        Case::new(
            "a method without a challenge is refused",
            [
                Act::Approve(BARE_PAGE),
                exchange_s256().refuses(400, BAD_REQUEST, "Invalid code_challenge_method"),
            ],
        ),
        Case::new(
            "a method that does not exist is refused",
            [
                Act::Approve(S256_PAGE),
                exchange(json!({ "code": "$code", "code_challenge_method": "S512" })).refuses(
                    400,
                    BAD_REQUEST,
                    "Invalid code_challenge_method",
                ),
            ],
        )
        .but(Sdk::Python, "it leaves an unknown method out of the request"),
        Case::new(
            "a body without a code is refused in another envelope",
            [any().body("{}").refuses(400, SHAPE, "ZodError")],
        ),
        Case::new(
            "a body that is not JSON is refused in plain text",
            [any().body("{").refuses(400, DEFAULT, "Malformed JSON in request body")],
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
                .answers(json!({ "code_challenge": "$challenge", "code_verifier": "$verifier" })),
            call("authorize_url", page).answers(json!("$url:http://127.0.0.1:")),
            Act::Approve("$url"),
            exchange(
                json!({ "code": "$code", "code_verifier": "$verifier", "code_challenge_method": "S256" }),
            )
            .answers(grant()),
            call("current_key", json!({})).key("$new_key").answers(json!({ "data": { "limit": 5 } })),
        ],
    )
    .but(Sdk::Python, "it has neither a PKCE nor an authorize URL helper")
}

fn exchange(args: Value) -> Step {
    call("exchange", args)
}

fn exchange_s256() -> Step {
    exchange(json!({ "code": "$code", "code_verifier": VERIFIER, "code_challenge_method": "S256" }))
}

/// An exchange that is well formed, of a code nobody issued.
fn any() -> Step {
    exchange(json!({ "code": "auth_code_nobody_issued" }))
}

fn grant() -> Value {
    json!({ "key": "$new_key:sk-or-v1-", "user_id": "$user:user_" })
}
