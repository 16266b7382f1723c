//! The messages of OpenRouter's OAuth (PKCE) endpoints as Rust types.
//!
//! Requests, responses and errors, for whoever shares them: a client, a service that acts for one, a proxy, a test
//! double. All of them serialize and deserialize. This crate does no I/O, knows no HTTP client, no time and no
//! randomness; `openrouter-oauth` sends what is described here.
//!
//! ```
//! use openrouter_oauth_models::{ApiKeyGrant, AuthorizationCode, Endpoint, ExchangeAuthCode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = ExchangeAuthCode::new(AuthorizationCode::parse("auth_code_abc123def456")?);
//! assert_eq!(serde_json::to_string(&request)?, r#"{"code":"auth_code_abc123def456"}"#);
//!
//! let grant: ApiKeyGrant = ExchangeAuthCode::decode(br#"{"key":"sk-or-v1-0e6f","user_id":null}"#)?;
//! assert_eq!(grant.key.expose(), "sk-or-v1-0e6f");
//! assert_eq!(format!("{:?}", grant.key), "ApiKey([redacted])");
//! # Ok(())
//! # }
//! ```
//!
//! # What a message promises
//!
//! * A field that is not set is left out; `null` is sent only where [`Nullable::Null`] was asked for.
//! * Unknown fields are ignored and unknown values of enums are kept, since the service grows.
//! * A value of one of the newtypes ([`AuthorizationCode`], [`CallbackUrl`], [`KeyLabel`], …) was checked when it was made.
//! * Secrets print as `[redacted]`, are compared in constant time, are wiped when dropped, and are readable only
//!   through `expose()`. One by itself cannot be serialized; the message that carries it can.
//!
//! # Sources
//!
//! OpenRouter's guide <https://openrouter.ai/docs/use-cases/oauth-pkce> and its OpenAPI document. What goes beyond
//! them is said where it stands.

// In reading order.
mod by_field;
mod endpoint;
mod endpoints;

mod api_error;
mod error_envelope;
mod response_headers;
mod server_text;

mod callback_url;
mod constant_time;
mod credit_limit;
mod ids;
mod key_label;
mod pkce;
mod secrets;
mod timestamp;
mod url;

mod nullable;
mod open_enum;
mod text;

pub use crate::{
    api_error::{ApiError, RejectionReason},
    callback_url::CallbackUrl,
    credit_limit::CreditLimit,
    endpoint::{Auth, Data, Encoding, Endpoint, Resend},
    endpoints::{
        create_auth_code::{CreateAuthCode, CreatedAuthCode},
        current_key::{CurrentKey, DataRegion, FreeModelDailyRequests, KeyBudget, KeyInfo, RateLimit},
        exchange_auth_code::{ApiKeyGrant, ExchangeAuthCode},
        exchange_token::{ExchangeToken, TokenResponse},
        signing_keys::{Jwk, JwkSet, SigningKeys},
    },
    error_envelope::{
        ErrorData, ErrorEnvelope, ErrorResponse, OAuthErrorResponse, ZodErrorData, ZodErrorResponse, ZodIssue,
    },
    ids::{FederationPolicyId, WorkspaceId},
    key_label::KeyLabel,
    nullable::Nullable,
    open_enum::{
        GrantType, OAuthErrorCode, TokenFormat, TokenScope, TokenType, UnknownValue, UsageLimitType,
    },
    pkce::{CodeChallenge, CodeChallengeMethod, CodeVerifier},
    response_headers::{content_type, request_id},
    secrets::{AccessToken, ApiKey, AuthorizationCode, State, SubjectToken},
    server_text::{ServerText, is_invisible, replace_invisible},
    text::InvalidValue,
    timestamp::Timestamp,
    url::{HttpUrl, Origin, has_whole_escapes},
};
