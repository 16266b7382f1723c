//! `GET /oauth/jwks`
//!
//! Returns the public keys that verify access tokens.
//!
//! Source: RFC 7517, section 5, and OpenRouter's TypeScript and Python SDKs.

use http::Method;
use serde::{Deserialize, Serialize};

use serde_json::value::RawValue;

use crate::{
    Auth, Encoding, Endpoint, Resend,
    by_field::{Fields, to_text},
    endpoint::read_object,
};

/// A request for the public keys that verify access tokens.
#[doc(alias = "listOauthJwks")]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SigningKeys {}

/// A set of public keys (RFC 7517, section 5).
#[non_exhaustive]
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key (RFC 7517, section 4; RFC 7518, section 6.2).
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Jwk {
    /// The key type: `EC`.
    pub kty: String,
    /// The curve: `P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// The algorithm: `ES256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The intended use of the key: `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The ID of the key, as in the header of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The x coordinate, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// The y coordinate, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

impl SigningKeys {
    /// Creates the request.
    pub fn new() -> Self {
        Self {}
    }
}

impl Endpoint for SigningKeys {
    type Response = JwkSet;
    const OPERATION: &'static str = "listOauthJwks";
    const ACTIVITY: &'static str = "looking up the signing keys";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/oauth/jwks";
    const AUTH: Auth = Auth::None;
    const ENCODING: Encoding = Encoding::Empty;
    const RESEND: Resend = Resend::Always;

    /// Skips keys that cannot be read (RFC 7517, section 5).
    fn decode(body: &[u8]) -> serde_json::Result<JwkSet> {
        // Only the strict parser says where the body is not JSON.
        JwkSet::parse_each(body).map_or_else(|| read_object(body), Ok)
    }
}

impl JwkSet {
    /// Reads each key by itself. Returns `None` if there is no list of keys.
    fn parse_each(body: &[u8]) -> Option<Self> {
        let text = to_text(body);
        let keys: Vec<&RawValue> = serde_json::from_str(Fields::parse(&text)?.raw("keys")?).ok()?;
        let keys = keys.into_iter().filter_map(|key| Fields::parse(key.get())?.into_whole_value());
        Some(Self::new(keys.collect()))
    }

    /// Creates a set of `keys`.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self { keys }
    }

    /// Returns the key with the ID `kid`.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid.as_deref() == Some(kid))
    }
}

impl Jwk {
    /// Creates a key of this type, with all other fields unset.
    pub fn new(kty: impl Into<String>) -> Self {
        Self { kty: kty.into(), crv: None, alg: None, usage: None, kid: None, x: None, y: None }
    }
}
