//! The JSON forms of an error response.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Nullable, OAuthErrorCode};

/// The JSON body of an error response, in one of its three known forms.
///
/// The body can also be plain text, a proxy's HTML page, or empty. [`ApiError`](crate::ApiError) reads all of them.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ErrorEnvelope {
    /// A list of validation errors.
    Zod(ZodErrorResponse),
    /// OpenRouter's own form.
    Nested(ErrorResponse),
    /// The form of RFC 6749, section 5.2, which `POST /oauth/token` uses.
    OAuth(OAuthErrorResponse),
}

/// `{"error":{"code":400,"message":"…"}}`: OpenRouter's own form, the same for every status.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorResponse {
    /// The error.
    pub error: ErrorData,
    /// The ID of the user who made the request.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub user_id: Nullable<String>,
    /// OpenRouter's details about how it handled the request.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub openrouter_metadata: Nullable<Map<String, Value>>,
}

/// The inner part of an [`ErrorResponse`].
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ErrorData {
    /// The HTTP status, or another number.
    pub code: i64,
    /// The message, as the server sent it. Convert it to [`ServerText`](crate::ServerText) before you show it.
    pub message: String,
    /// Details about the error.
    #[serde(default, skip_serializing_if = "Nullable::is_absent")]
    pub metadata: Nullable<Map<String, Value>>,
}

/// `{"error":"invalid_grant","error_description":"…"}`: the form of RFC 6749, section 5.2.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct OAuthErrorResponse {
    /// The error code.
    pub error: OAuthErrorCode,
    /// The message, as the server sent it. Convert it to [`ServerText`](crate::ServerText) before you show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// The URL of a page about the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
}

/// `{"success":false,"error":{"name":"ZodError","message":"[…]"}}`: a field is missing or has the wrong type.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorResponse {
    /// Always `false`.
    pub success: bool,
    /// The error.
    pub error: ZodErrorData,
}

/// The inner part of a [`ZodErrorResponse`].
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorData {
    /// Always `ZodError`.
    pub name: String,
    /// The validation errors: a JSON array, encoded as a string.
    pub message: String,
}

impl ErrorResponse {
    /// Creates an error response with this code and message.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        let error = ErrorData { code, message: message.into(), metadata: Nullable::Absent };
        Self { error, user_id: Nullable::Absent, openrouter_metadata: Nullable::Absent }
    }
}

impl OAuthErrorResponse {
    /// Creates an error response with this code.
    pub fn new(error: OAuthErrorCode) -> Self {
        Self { error, error_description: None, error_uri: None }
    }
}

impl ZodErrorResponse {
    /// Creates an error response with this list of validation errors.
    pub fn new(message: impl Into<String>) -> Self {
        Self { success: false, error: ZodErrorData { name: "ZodError".to_owned(), message: message.into() } }
    }
}

impl ErrorEnvelope {
    /// Returns the message as the server sent it, or the OAuth error code if there is no message.
    pub fn message(&self) -> &str {
        match self {
            Self::Zod(zod) => &zod.error.message,
            Self::Nested(nested) => &nested.error.message,
            Self::OAuth(oauth) => oauth.error_description.as_deref().unwrap_or_else(|| oauth.error.as_str()),
        }
    }
}
