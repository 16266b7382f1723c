//! The error for a request that OpenRouter rejected.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    Endpoint, ErrorEnvelope, ExchangeAuthCode, OAuthErrorCode, ServerText, request_id::request_id,
    server_text,
};

/// The error for a request that OpenRouter rejected: the status and the content of the body, in any known form.
///
/// `Display` and `Debug` show the status and the message, made safe to print. They never show the body.
#[derive(Clone, thiserror::Error)]
#[error("{activity} failed: OpenRouter responded with {status}{}", self.colon_message())]
pub struct ApiError {
    operation: &'static str,
    activity: &'static str,
    status: StatusCode,
    hint: RejectionHint,
    message: ServerText,
    envelope: Option<Box<ErrorEnvelope>>,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

/// The reason for a rejection, which decides what the user can do about it.
///
/// The service uses one status for several problems, so the reason also depends on the operation and the message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RejectionReason {
    /// The code is unknown, used up, or does not belong to the verifier. Get a new code.
    CodeInvalid,
    /// The code is older than ten minutes. Get a new code.
    CodeExpired,
    /// OpenRouter rejected the code with an unknown message. Get a new code.
    CodeRejected,
    /// The `code_challenge_method` differs from the one in the authorize URL.
    ChallengeMethodMismatch,
    /// OpenRouter does not accept the identity provider's token. Get a new one, or check the federation policy.
    InvalidGrant,
    /// The request is malformed.
    InvalidRequest,
    /// Status 401. The key is missing or not accepted, or a gateway rejected the request. See [`ApiError::envelope`].
    Unauthorized,
    /// The key does not permit this operation.
    Forbidden,
    /// The endpoint does not exist at this URL. Check the base URL.
    NotFound,
    /// The request conflicts with another operation. Retry later.
    Conflict,
    /// Too many requests. Wait, then retry.
    RateLimited,
    /// The service failed.
    ServerError,
    /// Any other reason. See the status.
    Other,
}

impl ApiError {
    /// Reads the error response to `request`. `key` is the API key that was sent, if the operation needs one.
    ///
    /// Keeps at most 16 KiB of the body, and parses a body of at most 8 KiB. Before parsing, redacts `key`, the
    /// request's secrets, and anything that looks like an API key, in case the server echoed them. The
    /// [raw body](Self::raw_body) is not redacted.
    pub fn read<E: Endpoint>(request: &E, key: Option<&str>, status: StatusCode, body: &[u8]) -> Self {
        let mut secrets = request.secrets();
        secrets.extend(key);
        // A parsed JSON value takes up to a hundred times the memory of its text.
        let readable = if body.len() > MAX_READ { &[] } else { body };
        // Redact before parsing: the parser's memory cannot be wiped.
        let readable = server_text::redact_json(readable, &secrets);
        let envelope: Option<ErrorEnvelope> = serde_json::from_slice(&readable).ok();
        let alone: Option<MessageAlone> = match envelope {
            Some(_) => None,
            None => serde_json::from_slice(&readable).ok(),
        };
        let message = match (&envelope, &alone) {
            (Some(envelope), _) => envelope.message(),
            (None, Some(alone)) => &alone.error.message,
            // Other text could contain anything, so only this known message is shown.
            (None, None) if body.trim_ascii() == MALFORMED_JSON.as_bytes() => MALFORMED_JSON,
            (None, None) => "",
        };
        Self {
            operation: E::OPERATION,
            activity: E::ACTIVITY,
            status,
            hint: RejectionHint::parse(message),
            message: ServerText::without(message, &secrets),
            envelope: envelope.map(Box::new),
            headers: HeaderMap::new(),
            body: Zeroizing::new(body.get(..MAX_BODY).unwrap_or(body).to_vec()),
        }
    }

    /// Adds the response's headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Returns OpenRouter's name for the rejected operation.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the response's headers. They are empty unless [`with_headers`](Self::with_headers) added them.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the number in the body, which may differ from the status.
    pub fn code(&self) -> Option<i64> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => Some(nested.error.code),
            _ => None,
        }
    }

    /// Returns the error code of RFC 6749, section 5.2, if the body has one.
    pub fn oauth_code(&self) -> Option<&OAuthErrorCode> {
        match self.envelope() {
            Some(ErrorEnvelope::OAuth(oauth)) => Some(&oauth.error),
            _ => None,
        }
    }

    /// Returns the server's message, made safe to print. It is empty if the body has none.
    pub fn message(&self) -> &ServerText {
        &self.message
    }

    /// Returns more details, as the server sent them, with secrets redacted.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.error.metadata.value(),
            _ => None,
        }
    }

    /// Returns the ID of the user who made the request, if the body has it.
    pub fn user_id(&self) -> Option<&str> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.user_id.value().map(String::as_str),
            _ => None,
        }
    }

    /// Returns OpenRouter's details about how it handled the request, with secrets redacted.
    pub fn openrouter_metadata(&self) -> Option<&Map<String, Value>> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.openrouter_metadata.value(),
            _ => None,
        }
    }

    /// Returns the server's ID for the request (`cf-ray` or `x-request-id`). Quote it when you contact OpenRouter's
    /// support.
    pub fn request_id(&self) -> Option<ServerText> {
        request_id(&self.headers)
    }

    /// Returns the parsed JSON body, with secrets redacted, if it has a known form.
    pub fn envelope(&self) -> Option<&ErrorEnvelope> {
        self.envelope.as_deref()
    }

    /// Returns the first 16 KiB of the body, as the server sent them. Do not print them: they may contain secrets.
    pub fn raw_body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the reason for the rejection.
    pub fn reason(&self) -> RejectionReason {
        let status = self.status_meant();
        if matches!(status, 400 | 403) && self.operation == ExchangeAuthCode::OPERATION {
            return self.rejected_code();
        }
        match (status, self.oauth_code()) {
            (_, Some(OAuthErrorCode::InvalidGrant)) => RejectionReason::InvalidGrant,
            (_, Some(OAuthErrorCode::ServerError | OAuthErrorCode::TemporarilyUnavailable)) => {
                RejectionReason::ServerError
            }
            (401, _) => RejectionReason::Unauthorized,
            (403, _) => RejectionReason::Forbidden,
            (404 | 405, _) => RejectionReason::NotFound,
            (409, _) => RejectionReason::Conflict,
            (429, _) => RejectionReason::RateLimited,
            (400 | 413 | 415 | 422, _) => RejectionReason::InvalidRequest,
            (500.., _) => RejectionReason::ServerError,
            _ => RejectionReason::Other,
        }
    }

    /// Returns the HTTP status, or the number in the body if an error came with a success status.
    fn status_meant(&self) -> u16 {
        let inner =
            self.code().filter(|_| self.status.is_success()).and_then(|code| u16::try_from(code).ok());
        inner.unwrap_or(self.status.as_u16())
    }

    /// Returns why an exchange was rejected. Both 400 and 403 are about the code, and their messages may change.
    fn rejected_code(&self) -> RejectionReason {
        match self.hint {
            RejectionHint::Malformed => RejectionReason::InvalidRequest,
            _ if matches!(self.envelope(), Some(ErrorEnvelope::Zod(_))) => RejectionReason::InvalidRequest,
            RejectionHint::ChallengeMethod => RejectionReason::ChallengeMethodMismatch,
            RejectionHint::Expired => RejectionReason::CodeExpired,
            RejectionHint::InvalidCode => RejectionReason::CodeInvalid,
            RejectionHint::Other => RejectionReason::CodeRejected,
        }
    }

    fn colon_message(&self) -> String {
        if self.message.as_str().is_empty() { String::new() } else { format!(": {}", self.message) }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("code", &self.code())
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

/// The subject of a message, found after redaction.
#[derive(Clone, Copy)]
enum RejectionHint {
    ChallengeMethod,
    Expired,
    InvalidCode,
    Malformed,
    Other,
}

impl RejectionHint {
    fn parse(message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let contains = |word| message.contains(word);
        if message == MALFORMED_JSON.to_ascii_lowercase() {
            Self::Malformed
        } else if contains("challenge_method") || contains("challenge method") {
            Self::ChallengeMethod
        } else if contains("expired") {
            Self::Expired
        } else if contains("invalid code") || contains("verifier") {
            Self::InvalidCode
        } else {
            Self::Other
        }
    }
}

/// OpenRouter's own form with a mistake in it, such as a string for `code`. The message is still read.
#[derive(Deserialize)]
struct MessageAlone {
    error: MessageOnly,
}

#[derive(Deserialize)]
struct MessageOnly {
    message: String,
}

const MAX_BODY: usize = 16 * 1024;
const MAX_READ: usize = 8 * 1024;
const MALFORMED_JSON: &str = "Malformed JSON in request body";
