//! `POST /oauth/token`
//!
//! Exchanges the JWT of an identity provider for a short-lived access token (workload identity, RFC 8693). The JWT is
//! the credential and is not used up, so no API key goes with it and it may be sent again.
//!
//! Source: RFC 8693, section 2, and OpenRouter's TypeScript and Python SDKs.

use std::time::Duration;

use http::Method;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    AccessToken, Auth, Encoding, Endpoint, FederationPolicyId, GrantType, Resend, SubjectToken, TokenFormat,
    TokenScope, TokenType,
    by_field::{self, ByField},
    text::{self, received},
};

/// Exchanges the token of an identity provider for an access token.
#[doc(alias = "createOauthToken")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ExchangeToken {
    /// The policy that says whose tokens are accepted: Settings, Workload identity.
    pub federation_policy_id: FederationPolicyId,
    /// That a token is exchanged.
    pub grant_type: GrantType,
    /// What is asked for; by default an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<TokenFormat>,
    /// What the access token is for; by default all that the policy gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// The token of the identity provider.
    #[serde(with = "text")]
    pub subject_token: SubjectToken,
    /// What kind of token that is.
    pub subject_token_type: TokenFormat,
}

/// An access token.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TokenResponse {
    /// The token, used as bearer in place of an API key.
    #[serde(with = "received")]
    pub access_token: AccessToken,
    /// For how many seconds it works: at most 900.
    #[serde(default, deserialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// What kind of token it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<TokenFormat>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// How it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<TokenType>,
}

impl ExchangeToken {
    /// Exchanges `subject_token`, a JWT, under the policy with this id.
    pub fn new(federation_policy_id: FederationPolicyId, subject_token: SubjectToken) -> Self {
        Self {
            federation_policy_id,
            grant_type: GrantType::TokenExchange,
            requested_token_type: None,
            scope: None,
            subject_token,
            subject_token_type: TokenFormat::Jwt,
        }
    }

    /// Sets [`requested_token_type`](Self::requested_token_type).
    #[must_use]
    pub fn requested_token_type(mut self, format: TokenFormat) -> Self {
        self.requested_token_type = Some(format);
        self
    }

    /// Sets [`scope`](Self::scope).
    #[must_use]
    pub fn scope(mut self, scope: TokenScope) -> Self {
        self.scope = Some(scope);
        self
    }
}

impl Endpoint for ExchangeToken {
    type Response = TokenResponse;
    const OPERATION: &'static str = "createOauthToken";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/oauth/token";
    const AUTH: Auth = Auth::None;
    const ENCODING: Encoding = Encoding::Form;
    const RESEND: Resend = Resend::Always;

    fn decode(body: &[u8]) -> serde_json::Result<TokenResponse> {
        by_field::decode(body)
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.subject_token.expose()]
    }
}

/// Reads seconds as a number or as the text of one, as some servers write it.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Whole(u64),
        Fraction(f64),
        Text(String),
    }

    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Seconds::Whole(seconds)) => Ok(Some(seconds)),
        Some(Seconds::Fraction(seconds)) => match Duration::try_from_secs_f64(seconds) {
            Ok(duration) => Ok(Some(duration.as_secs())),
            Err(error) => Err(de::Error::custom(error)),
        },
        Some(Seconds::Text(text)) => text.trim().parse().map(Some).map_err(de::Error::custom),
    }
}

impl ByField for TokenResponse {}

impl TokenResponse {
    /// A token that is used as bearer, for servers and tests.
    pub fn new(access_token: AccessToken) -> Self {
        Self {
            access_token,
            expires_in: None,
            issued_token_type: Some(TokenFormat::AccessToken),
            scope: None,
            token_type: Some(TokenType::Bearer),
        }
    }
}
