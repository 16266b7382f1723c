//! `POST /auth/keys`
//!
//! Exchanges an authorization code for an API key. A code works once, within ten minutes. Do not resend a request that
//! may have arrived.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/o-auth/exchange-auth-code-for-api-key>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    ApiKey, Auth, AuthorizationCode, CodeChallengeMethod, CodeVerifier, Encoding, Endpoint, Nullable, Resend,
    by_field::{self, ByField},
    text::{self, optional, received},
};

/// A request to exchange an authorization code for an API key.
#[doc(alias = "ExchangeAuthCodeForAPIKeyRequest")]
#[doc(alias = "exchangeAuthCodeForAPIKey")]
#[non_exhaustive]
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub struct ExchangeAuthCode {
    /// The code from the callback, from the user, or from [`CreateAuthCode`](crate::CreateAuthCode).
    #[serde(with = "text")]
    pub code: AuthorizationCode,
    /// The verifier, if the code was requested with a challenge.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub code_verifier: Option<CodeVerifier>,
    /// The method of the challenge, if the code was requested with one.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub code_challenge_method: Nullable<CodeChallengeMethod>,
}

/// The response to a successful exchange, with the new API key.
#[doc(alias = "ExchangeAuthCodeForAPIKeyResponse")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ApiKeyGrant {
    /// The key. OpenRouter shows it only once.
    #[serde(with = "received")]
    pub key: ApiKey,
    /// The ID of the user who owns the key. Responses may omit it.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl ExchangeAuthCode {
    /// Creates a request to exchange `code`, without PKCE.
    pub fn new(code: AuthorizationCode) -> Self {
        Self { code, code_verifier: None, code_challenge_method: Nullable::Absent }
    }

    /// Adds the verifier and method of the challenge that the code was requested with.
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
    const ACTIVITY: &'static str = "exchanging the code";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/auth/keys";
    const AUTH: Auth = Auth::None;
    const ENCODING: Encoding = Encoding::Json;
    const RESEND: Resend = Resend::IfUnsent;

    /// Reads each field by itself, so that the key is found even if other fields do not match the documentation.
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
    /// Creates this response, for servers and tests.
    pub fn new(key: ApiKey) -> Self {
        Self { key, user_id: None }
    }
}
