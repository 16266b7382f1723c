//! `GET /oauth/jwks`

use serde_json::json;

use super::class::{DEFAULT, INTERNAL, SHAPE};
use crate::case::{Case, call};

const PATH: &str = "/oauth/jwks";

const RSA_KEY: &str = r#"{"keys":[{"alg":"RS256","e":"AQAB","kid":"1","kty":"RSA","n":"AQAB","use":"sig"}]}"#;

/// The key set, and errors.
pub(super) fn all() -> Vec<Case> {
    let signing_keys = || call("jwks", json!({}));
    vec![
        Case::new("the key set has one key that signs", [signing_keys().returns(json!({ "keys": [
            { "alg": "ES256", "crv": "P-256", "kid": "$kid", "kty": "EC", "use": "sig", "x": "$x", "y": "$y" },
        ]}))]),
        Case::with_fault(
            "the key set may be rate limited",
            PATH,
            json!({ "status": 429 }),
            signing_keys().fails_with(429, DEFAULT, "429"),
        ),
        Case::with_fault(
            "the key set may fail with a 500",
            PATH,
            json!({ "status": 500 }),
            signing_keys().fails_with(500, INTERNAL, ""),
        ),
        Case::with_fault(
            "a key of another kind is an error",
            PATH,
            json!({ "status": 200, "body": RSA_KEY }),
            signing_keys().fails_with(200, SHAPE, "RSA"),
        ),
    ]
}
