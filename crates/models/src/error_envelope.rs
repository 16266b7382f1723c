//! The JSON shapes of a rejection.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Nullable, OAuthErrorCode,
    by_field::{self, ByField, Fields},
};

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

/// `{"success":false,"error":{"name":"ZodError",…}}`: a field of the request is missing or has another type.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorResponse {
    /// False.
    pub success: bool,
    /// What is wrong.
    pub error: ZodErrorData,
}

/// The inner part of a [`ZodErrorResponse`]. Zod writes the faults as `issues`; OpenRouter was seen to write them as JSON
/// text in `message`.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodErrorData {
    /// `ZodError`.
    pub name: String,
    /// The list of faults as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The list of faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<ZodIssue>,
}

/// One fault in the request.
#[non_exhaustive]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ZodIssue {
    /// The field: the names and indexes that lead to it.
    #[serde(default)]
    pub path: Vec<Value>,
    /// What is wrong, in words. As the server sent it: see [`ServerText`](crate::ServerText) before showing it.
    pub message: String,
}

impl ByField for ErrorData {}
impl ByField for OAuthErrorResponse {}
impl ByField for ZodErrorData {}

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
    /// A rejection with this list of faults, as JSON text.
    pub fn new(message: impl Into<String>) -> Self {
        let error =
            ZodErrorData { name: "ZodError".to_owned(), message: Some(message.into()), issues: Vec::new() };
        Self { success: false, error }
    }
}

impl ZodErrorData {
    /// The faults in words: `code: Required; limit: Expected number`.
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
    /// Reads a body without those of its fields that cannot be read. Of two equal names, the last one wins.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let text = by_field::to_text(body);
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

    /// What is wrong, in words, as the server sent it.
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
