//! `POST /oauth/token`
//!
//! Exchanges an identity provider's JWT for a short-lived access token (workload identity, RFC 8693). The JWT is the
//! credential, so the request needs no API key. The JWT is not used up, so a client may resend the request.
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

/// A request to exchange an identity provider's token for an access token.
#[doc(alias = "createOauthToken")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ExchangeToken {
    /// The policy that lists the accepted identity providers. Find it under Settings, Workload identity.
    pub federation_policy_id: FederationPolicyId,
    /// The grant type: [`GrantType::TokenExchange`].
    pub grant_type: GrantType,
    /// The type of token to request. By default, an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<TokenFormat>,
    /// The scope of the access token. By default, everything that the policy grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// The identity provider's token.
    #[serde(with = "text")]
    pub subject_token: SubjectToken,
    /// The type of [`subject_token`](Self::subject_token).
    pub subject_token_type: TokenFormat,
}

/// The response to a token exchange, with the access token.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TokenResponse {
    /// The access token. Send it as a bearer token instead of an API key.
    #[serde(with = "received")]
    pub access_token: AccessToken,
    /// The lifetime of the token in seconds: at most 900. A string, which some servers send, is accepted too.
    #[serde(default, deserialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// The type of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<TokenFormat>,
    /// The scope of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// How a request presents the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<TokenType>,
}

impl ExchangeToken {
    /// Creates a request to exchange `subject_token`, a JWT, under the policy with this ID.
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
    const ACTIVITY: &'static str = "exchanging the token";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/oauth/token";
    const AUTH: Auth = Auth::None;
    const ENCODING: Encoding = Encoding::Form;
    const RESEND: Resend = Resend::Always;

    /// Reads each field by itself, so that the token is found even if other fields do not match the documentation.
    fn decode(body: &[u8]) -> serde_json::Result<TokenResponse> {
        by_field::decode(body)
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.subject_token.expose()]
    }
}

/// Reads seconds as a number or a string.
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
    /// Creates a response with a bearer token, for servers and tests.
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
