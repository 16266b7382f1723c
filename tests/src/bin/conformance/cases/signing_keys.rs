//! `GET /oauth/jwks`

use openrouter_oauth_emulator::Fault;
use serde_json::json;

use super::class::{DEFAULT, INTERNAL, SHAPE};
use super::faulty;
use crate::case::{Case, call};

const PATH: &str = "/oauth/jwks";

const RSA_KEY: &str = r#"{"keys":[{"alg":"RS256","e":"AQAB","kid":"1","kty":"RSA","n":"AQAB","use":"sig"}]}"#;

/// The key set, and all that may come instead.
pub(super) fn all() -> Vec<Case> {
    let ask = || call("jwks", json!({}));
    vec![
        Case::new("the key set has one key that signs", [ask().answers(json!({ "keys": [
            { "alg": "ES256", "crv": "P-256", "kid": "$kid", "kty": "EC", "use": "sig", "x": "$x", "y": "$y" },
        ]}))]),
        faulty("the key set may be rate limited", PATH, Fault::status(429), ask().refuses(429, DEFAULT, "429")),
        faulty("the key set may find a broken server", PATH, Fault::status(500), ask().refuses(500, INTERNAL, "")),
        faulty("a key of another kind is noticed", PATH, Fault::status(200).body(RSA_KEY), ask().refuses(200, SHAPE, "RSA")),
    ]
}
