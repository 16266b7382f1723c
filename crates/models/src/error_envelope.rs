//! The JSON forms of an error response.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Nullable, OAuthErrorCode,
    by_field::{ByField, Fields, to_text},
    redact::redact_json,
    wiped::WipedCow,
};

/// The JSON body of an error response, in one of its three known forms.
///
/// The body can also be plain text, a proxy's HTML page, or empty. [`ApiError`](crate::ApiError) reads all of them. It
/// also skips optional fields that cannot be read, which `Deserialize` rejects.
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

/// `{"success":false,"error":{"name":"ZodError",…}}`: a field is missing or has the wrong type.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorResponse {
    /// Always `false`.
    pub success: bool,
    /// The error.
    pub error: ZodErrorData,
}

/// The inner part of a [`ZodErrorResponse`]. Zod itself lists the validation errors in `issues`. OpenRouter was seen to
/// send them in `message`, as a string.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorData {
    /// Always `ZodError`.
    pub name: String,
    /// The validation errors: a JSON array, encoded as a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The validation errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<ZodIssue>,
}

/// A validation error.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodIssue {
    /// The path to the field: names and indexes.
    #[serde(default)]
    pub path: Vec<Value>,
    /// The message, as the server sent it. Convert it to [`ServerText`](crate::ServerText) before you show it.
    pub message: String,
}

impl ByField for ErrorData {}
impl ByField for OAuthErrorResponse {}
impl ByField for ZodErrorData {}

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
    /// Creates an error response with these validation errors: a JSON array, encoded as a string.
    pub fn new(message: impl Into<String>) -> Self {
        let error =
            ZodErrorData { name: "ZodError".to_owned(), message: Some(message.into()), issues: Vec::new() };
        Self { success: false, error }
    }
}

impl ZodErrorData {
    /// Formats the validation errors: `code: Required; limit: Expected number`.
    fn text(&self) -> Cow<'_, str> {
        let message = self.message.as_deref().unwrap_or_default();
        let listed: Vec<ZodIssue> = serde_json::from_str(message).unwrap_or_default();
        let issues = if self.issues.is_empty() { &listed } else { &self.issues };
        if issues.is_empty() {
            return Cow::Borrowed(message);
        }
        issues.iter().map(ZodIssue::text).collect::<Vec<_>>().join("; ").into()
    }
}

impl ZodIssue {
    fn text(&self) -> String {
        let name = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        let path = self.path.iter().map(name).collect::<Vec<_>>().join(".");
        if path.is_empty() { self.message.clone() } else { format!("{path}: {}", self.message) }
    }
}

impl ErrorEnvelope {
    /// Reads a body. Skips optional fields that cannot be read.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let text = to_text(body);
        let fields = Fields::parse(&text)?;
        let Some(inner) = Fields::parse(fields.raw("error")?) else {
            return fields.into_value().map(Self::OAuth);
        };
        let is_zod = |name: String| name.ends_with("ZodError");
        if fields.read("success") == Some(false) && inner.read("name").is_some_and(is_zod) {
            return Some(Self::Zod(ZodErrorResponse { success: false, error: inner.into_value()? }));
        }
        Some(Self::Nested(ErrorResponse {
            error: inner.into_value()?,
            user_id: fields.read("user_id").unwrap_or_default(),
            openrouter_metadata: fields.read("openrouter_metadata").unwrap_or_default(),
        }))
    }

    /// Redacts `secrets` in JSON that is the text of a string.
    pub(crate) fn redact_inner_json(&mut self, secrets: &[&str]) {
        if let Self::Zod(ZodErrorResponse { error: ZodErrorData { message: Some(message), .. }, .. }) = self {
            if let WipedCow::Owned(redacted) = redact_json(message.as_bytes(), secrets) {
                *message = String::from_utf8_lossy(&redacted).into_owned();
            }
        }
    }

    /// Returns the message, as the server sent it. Convert it to [`ServerText`](crate::ServerText) before you show it.
    pub fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Zod(zod) => zod.error.text(),
            Self::Nested(nested) => Cow::Borrowed(&nested.error.message),
            Self::OAuth(oauth) => {
                Cow::Borrowed(oauth.error_description.as_deref().unwrap_or_else(|| oauth.error.as_str()))
            }
        }
    }
}
