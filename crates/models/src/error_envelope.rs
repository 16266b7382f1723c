//! The JSON shapes of a rejection.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Nullable, OAuthErrorCode};

/// The JSON body of a rejection, in one of its three known shapes.
///
/// A rejection can also be plain text, an HTML page of a proxy, or empty; [`ApiError`](crate::ApiError) reads all of them.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ErrorEnvelope {
    /// A list of what is wrong with the request's shape.
    Zod(ZodErrorResponse),
    /// OpenRouter's own shape.
    Nested(ErrorResponse),
    /// The shape of RFC 6749, section 5.2, on `POST /oauth/token`.
    OAuth(OAuthErrorResponse),
}

/// `{"error":{"code":400,"message":"…"}}`: OpenRouter's own shape, the same for every status.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorResponse {
    /// What is wrong.
    pub error: ErrorData,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub user_id: Nullable<String>,
    /// What OpenRouter adds about the handling of the request.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub openrouter_metadata: Nullable<Map<String, Value>>,
}

/// The inner part of an [`ErrorResponse`].
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorData {
    /// The HTTP status, or another number.
    pub code: i64,
    /// What is wrong, in words. As the server sent it: see [`ServerText`](crate::ServerText) before showing it.
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub metadata: Nullable<Map<String, Value>>,
}

/// `{"error":"invalid_grant","error_description":"…"}`: the shape of RFC 6749, section 5.2.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OAuthErrorResponse {
    /// What is wrong, as one word.
    pub error: OAuthErrorCode,
    /// What is wrong, in words. As the server sent it: see [`ServerText`](crate::ServerText) before showing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
}

/// `{"success":false,"error":{"name":"ZodError","message":"[…]"}}`: a field is missing or of another type.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorResponse {
    /// False.
    pub success: bool,
    /// What is wrong.
    pub error: ZodErrorData,
}

/// The inner part of a [`ZodErrorResponse`].
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorData {
    /// `ZodError`.
    pub name: String,
    /// A JSON list of what is wrong, as text.
    pub message: String,
}

impl ErrorResponse {
    /// A rejection with this code and message.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        let error = ErrorData { code, message: message.into(), metadata: Nullable::Absent };
        Self { error, user_id: Nullable::Absent, openrouter_metadata: Nullable::Absent }
    }
}

impl OAuthErrorResponse {
    /// A rejection with this code.
    pub fn new(error: OAuthErrorCode) -> Self {
        Self { error, error_description: None, error_uri: None }
    }
}

impl ZodErrorResponse {
    /// A rejection with this list of what is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { success: false, error: ZodErrorData { name: "ZodError".to_owned(), message: message.into() } }
    }
}

impl ErrorEnvelope {
    /// What is wrong, in words, as the server sent it.
    pub fn message(&self) -> &str {
        match self {
            Self::Zod(zod) => &zod.error.message,
            Self::Nested(nested) => &nested.error.message,
            Self::OAuth(oauth) => oauth.error_description.as_deref().unwrap_or_else(|| oauth.error.as_str()),
        }
    }
}
