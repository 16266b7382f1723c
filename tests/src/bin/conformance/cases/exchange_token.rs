//! `POST /oauth/token`

use std::time::Duration;

use openrouter_oauth_emulator::Fault;
use serde_json::json;

use super::class::{DEFAULT, OAUTH, UNAUTHORIZED};
use super::{faulty, web_page};
use crate::case::{Act, Case, Step, call};

const PATH: &str = "/oauth/token";

/// `{"alg":"ES256"}`, `{"sub":"ci"}`, `sig`: well formed, and without an expiry.
const SUBJECT_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln";
/// The same, expired in 1970.
const EXPIRED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSIsImV4cCI6MX0.c2ln";
const UNKNOWN_SCOPE: &str = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&federation_policy_id=policy\
    &subject_token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln\
    &subject_token_type=urn:ietf:params:oauth:token-type:jwt&scope=everything";

/// An access token, and all that may come instead.
pub(super) fn all() -> Vec<Case> {
    vec![
        Case::new(
            "an identity provider's token is exchanged for an access token that works for 15 minutes",
            [
                any().answers(json!({
                    "access_token": "$token:ey",
                    "expires_in": 900,
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "scope": "inference",
                    "token_type": "Bearer",
                })),
                call("current_key", json!({}))
                    .key("$token")
                    .answers(json!({ "data": { "is_management_key": false } })),
                Act::Pass(Duration::from_secs(901)),
                call("current_key", json!({})).key("$token").refuses(401, UNAUTHORIZED, "User not found."),
            ],
        ),
        refused("a token that is no JWT is an invalid grant", exchange("no-jwt"), "invalid_grant"),
        refused("an expired token is an invalid grant", exchange(EXPIRED), "invalid_grant"),
        refused(
            "another grant type is unsupported",
            any().body("grant_type=password"),
            "unsupported_grant_type",
        ),
        refused("an empty form is an invalid request", any().body(""), "invalid_request"),
        refused("a scope that does not exist is invalid", any().body(UNKNOWN_SCOPE), "invalid_scope"),
        faulty(
            "a token may be rate limited",
            PATH,
            Fault::status(429),
            any().refuses(429, OAUTH, "temporarily_unavailable"),
        ),
        faulty(
            "a token may find a broken server",
            PATH,
            Fault::status(500),
            any().refuses(500, OAUTH, "server_error"),
        ),
        faulty(
            "a token may find a busy server",
            PATH,
            Fault::status(503),
            any().refuses(503, OAUTH, "temporarily_unavailable"),
        ),
        faulty("a token may find a web page", PATH, web_page(502), any().refuses(502, DEFAULT, "<html>")),
    ]
}

fn refused(name: &'static str, step: Step, code: &'static str) -> Case {
    Case::new(name, [step.refuses(400, OAUTH, code)])
}

fn exchange(subject_token: &str) -> Step {
    call(
        "token",
        json!({
            "federation_policy_id": "policy",
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": subject_token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }),
    )
}

/// A request that would be good.
fn any() -> Step {
    exchange(SUBJECT_TOKEN)
}
