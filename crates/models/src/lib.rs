//! Request, response, and error types for OpenRouter's OAuth (PKCE) endpoints.
//!
//! Use this crate to write a client, a proxy, or a test server for those endpoints. Every message serializes and
//! deserializes. The crate does no I/O, depends on no HTTP client, and reads neither the clock nor a source of
//! randomness. To send these requests, use [`openrouter-oauth`](https://docs.rs/openrouter-oauth).
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
//! # Guarantees
//!
//! * Unset fields are omitted. A field is sent as `null` only if you set it to [`Nullable::Null`].
//! * Unknown fields are ignored (or kept in [`KeyInfo::other`]), and unknown enum values are kept, because the service
//!   may add both.
//! * Responses are read field by field: an optional field that cannot be read is absent.
//! * Newtypes ([`AuthorizationCode`], [`CallbackUrl`], [`KeyLabel`], …) are validated when they are created.
//! * Secrets print as `[redacted]`, are compared in constant time, and are wiped when dropped. Only `expose()` returns
//!   their text. A secret alone does not implement `Serialize`; the message that contains it does.
//!
//! # Sources
//!
//! The types follow OpenRouter's guide <https://openrouter.ai/docs/use-cases/oauth-pkce> and OpenAPI document. Items
//! from other sources name their source.

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-models/latest")]

// Modules are in reading order.
mod by_field;
mod endpoint;
mod endpoints;

mod api_error;
mod error_envelope;
mod redact;
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
mod url_syntax;

mod nullable;
mod open_enum;
mod other_fields;
mod text;
mod wiped;

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
    other_fields::OtherFields,
    pkce::{CodeChallenge, CodeChallengeMethod, CodeVerifier},
    response_headers::request_id,
    secrets::{AccessToken, ApiKey, AuthorizationCode, State, SubjectToken},
    server_text::{ServerText, is_invisible, replace_invisible},
    text::InvalidValue,
    timestamp::Timestamp,
    url::{HttpUrl, Origin},
    url_syntax::has_whole_escapes,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
