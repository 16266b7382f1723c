//! `POST /auth/keys`
//!
//! Exchanges an authorization code for an API key. A code works once and for ten minutes, so the request must not be
//! sent again if it may have arrived.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/o-auth/exchange-auth-code-for-api-key>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    ApiKey, Auth, AuthorizationCode, CodeChallengeMethod, CodeVerifier, Encoding, Endpoint, Nullable, Resend,
    by_field::{self, ByField},
    text::{self, optional, received},
};

/// Exchanges an authorization code for an API key.
#[doc(alias = "ExchangeAuthCodeForAPIKeyRequest")]
#[doc(alias = "exchangeAuthCodeForAPIKey")]
#[non_exhaustive]
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub struct ExchangeAuthCode {
    /// The code that the callback brought, the user pasted, or [`CreateAuthCode`](crate::CreateAuthCode) returned.
    #[serde(with = "text")]
    pub code: AuthorizationCode,
    /// The verifier, if the code was asked for with a challenge.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub code_verifier: Option<CodeVerifier>,
    /// How the challenge was made: the same as in the first step, and only if there was a challenge.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub code_challenge_method: Nullable<CodeChallengeMethod>,
}

/// The key that a code was exchanged for.
#[doc(alias = "ExchangeAuthCodeForAPIKeyResponse")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ApiKeyGrant {
    /// The key. It is shown this once.
    #[serde(with = "received")]
    pub key: ApiKey,
    /// Whose key it is; not always told.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl ExchangeAuthCode {
    /// Exchanges `code`, without PKCE.
    pub fn new(code: AuthorizationCode) -> Self {
        Self { code, code_verifier: None, code_challenge_method: Nullable::Absent }
    }

    /// Adds the verifier of the challenge that the code was asked for with, and the method of that challenge.
    #[must_use]
    pub fn pkce(mut self, verifier: CodeVerifier, method: CodeChallengeMethod) -> Self {
        self.code_verifier = Some(verifier);
        self.code_challenge_method = Nullable::Value(method);
        self
    }
}

impl Endpoint for ExchangeAuthCode {
    type Response = ApiKeyGrant;
    const OPERATION: &'static str = "exchangeAuthCodeForAPIKey";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/auth/keys";
    const AUTH: Auth = Auth::None;
    const ENCODING: Encoding = Encoding::Json;
    const RESEND: Resend = Resend::IfUnsent;

    fn decode(body: &[u8]) -> serde_json::Result<ApiKeyGrant> {
        by_field::decode(body)
    }

    fn secrets(&self) -> Vec<&str> {
        let verifier = self.code_verifier.as_ref().map(CodeVerifier::expose);
        [self.code.expose()].into_iter().chain(verifier).collect()
    }
}

impl ByField for ApiKeyGrant {}

impl ApiKeyGrant {
    /// A grant of `key`, for servers and tests.
    pub fn new(key: ApiKey) -> Self {
        Self { key, user_id: None }
    }
}
