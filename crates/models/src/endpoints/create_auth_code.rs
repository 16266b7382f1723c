//! `POST /auth/keys/code`
//!
//! Creates an authorization code with an API key instead of a web page. Exchange the code like any other.
//!
//! Source: <https://openrouter.ai/docs/api/api-reference/o-auth/create-auth-keys-code>

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    Auth, AuthorizationCode, CallbackUrl, CodeChallenge, CodeChallengeMethod, CreditLimit, Encoding,
    Endpoint, KeyLabel, Nullable, Resend, Timestamp, UsageLimitType, WorkspaceId,
    by_field::{self, ByField},
    text::received,
};

/// A request to create an authorization code.
#[doc(alias = "CreateAuthKeysCodeRequest")]
#[doc(alias = "createAuthKeysCode")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CreateAuthCode {
    /// The callback URL of the app that the code is for.
    pub callback_url: CallbackUrl,
    /// The PKCE challenge. Exchanging the code then requires the verifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// How the challenge was derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<CodeChallengeMethod>,
    /// When the key expires. `null` requests a key that does not expire.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub expires_at: Nullable<Timestamp>,
    /// The key's label. By default, OpenRouter uses the name of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_label: Option<KeyLabel>,
    /// The key's credit limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<CreditLimit>,
    /// How often the limit resets. By default, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_limit_type: Option<UsageLimitType>,
    /// The workspace of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
}

/// The response to a request for a code, with the new authorization code.
#[doc(alias = "CreateAuthKeysCodeData")]
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CreatedAuthCode {
    /// The code.
    #[serde(with = "received")]
    pub id: AuthorizationCode,
    /// The ID of the app that OpenRouter derives from the callback URL. Responses may omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<i64>,
    /// When the code was created. Responses may omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl CreateAuthCode {
    /// Creates a request for a code for the app with this callback URL, without PKCE.
    pub fn new(callback_url: CallbackUrl) -> Self {
        Self {
            callback_url,
            code_challenge: None,
            code_challenge_method: None,
            expires_at: Nullable::Absent,
            key_label: None,
            limit: None,
            usage_limit_type: None,
            workspace_id: None,
        }
    }

    /// Adds a challenge and the method that derived it.
    #[must_use]
    pub fn challenge(mut self, challenge: CodeChallenge, method: CodeChallengeMethod) -> Self {
        self.code_challenge = Some(challenge);
        self.code_challenge_method = Some(method);
        self
    }

    /// Sets [`expires_at`](Self::expires_at).
    #[must_use]
    pub fn expires_at(mut self, expires_at: impl Into<Nullable<Timestamp>>) -> Self {
        self.expires_at = expires_at.into();
        self
    }

    /// Sets [`key_label`](Self::key_label).
    #[must_use]
    pub fn key_label(mut self, label: KeyLabel) -> Self {
        self.key_label = Some(label);
        self
    }

    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub fn limit(mut self, limit: CreditLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets [`usage_limit_type`](Self::usage_limit_type).
    #[must_use]
    pub fn usage_limit_type(mut self, interval: UsageLimitType) -> Self {
        self.usage_limit_type = Some(interval);
        self
    }

    /// Sets [`workspace_id`](Self::workspace_id).
    #[must_use]
    pub fn workspace_id(mut self, workspace: WorkspaceId) -> Self {
        self.workspace_id = Some(workspace);
        self
    }
}

impl Endpoint for CreateAuthCode {
    type Response = CreatedAuthCode;
    const OPERATION: &'static str = "createAuthKeysCode";
    const ACTIVITY: &'static str = "creating a code";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/auth/keys/code";
    const AUTH: Auth = Auth::Bearer;
    const ENCODING: Encoding = Encoding::Json;
    const RESEND: Resend = Resend::IfUnsent;

    /// Reads each field by itself, so that the code is found even if other fields do not match the documentation.
    fn decode(body: &[u8]) -> serde_json::Result<CreatedAuthCode> {
        by_field::decode_data(body)
    }

    /// Returns the challenge, because a `plain` challenge is the verifier.
    fn secrets(&self) -> Vec<&str> {
        self.code_challenge.iter().map(CodeChallenge::as_str).collect()
    }
}

impl ByField for CreatedAuthCode {}

impl CreatedAuthCode {
    /// Creates this response, for servers and tests.
    pub fn new(id: AuthorizationCode) -> Self {
        Self { id, app_id: None, created_at: None }
    }
}
