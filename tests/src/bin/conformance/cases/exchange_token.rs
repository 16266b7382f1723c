//! `POST /oauth/token`

use std::time::Duration;

use serde_json::json;

use super::class::{DEFAULT, OAUTH, UNAUTHORIZED};
use super::inputs::gateway_page;
use crate::{
    case::{Action, CallBuilder, Case, call},
    responses::TOKEN_EXCHANGE,
};

const PATH: &str = "/oauth/token";

/// `{"alg":"ES256"}`, `{"sub":"ci"}`, `sig`: well formed, and without an expiry.
const SUBJECT_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln";
/// The same, expired in 1970.
const EXPIRED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjaSIsImV4cCI6MX0.c2ln";

/// The exchange of a token, and errors.
pub(super) fn all() -> Vec<Case> {
    let unknown_scope = format!("{TOKEN_EXCHANGE}&scope=everything");
    vec![
        Case::new(
            "an identity provider's token is exchanged for an access token that works for 15 minutes",
            [
                valid().returns(json!({
                    "access_token": "$token:ey",
                    "expires_in": 900,
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "scope": "inference",
                    "token_type": "Bearer",
                })),
                call("current_key", json!({}))
                    .key("$token")
                    .returns(json!({ "data": { "is_management_key": false } })),
                Action::AdvanceClock(Duration::from_secs(901)),
                call("current_key", json!({})).key("$token").fails_with(401, UNAUTHORIZED, "User not found."),
            ],
        ),
        rejected("a token that is not a JWT is an invalid grant", exchange("not-a-jwt"), "invalid_grant"),
        rejected("an expired token is an invalid grant", exchange(EXPIRED), "invalid_grant"),
        rejected(
            "another grant type is unsupported",
            valid().body("grant_type=password"),
            "unsupported_grant_type",
        ),
        rejected("an empty form is an invalid request", valid().body(""), "invalid_request"),
        rejected("an unknown scope is invalid", valid().body(&unknown_scope), "invalid_scope"),
        Case::with_fault(
            "a token exchange may be rate limited",
            PATH,
            json!({ "status": 429 }),
            valid().fails_with(429, OAUTH, "temporarily_unavailable"),
        ),
        Case::with_fault(
            "a token exchange may fail with a 500",
            PATH,
            json!({ "status": 500 }),
            valid().fails_with(500, OAUTH, "server_error"),
        ),
        Case::with_fault(
            "a token exchange may fail with a 503",
            PATH,
            json!({ "status": 503 }),
            valid().fails_with(503, OAUTH, "temporarily_unavailable"),
        ),
        Case::with_fault(
            "a token exchange may return a web page",
            PATH,
            gateway_page(502),
            valid().fails_with(502, DEFAULT, "<html>"),
        ),
    ]
}

fn rejected(name: &'static str, call: CallBuilder, code: &'static str) -> Case {
    Case::new(name, [call.fails_with(400, OAUTH, code)])
}

fn exchange(subject_token: &str) -> CallBuilder {
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

/// A valid request.
fn valid() -> CallBuilder {
    exchange(SUBJECT_TOKEN)
}
