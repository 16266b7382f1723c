//! A rejection by the service.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    Endpoint, ErrorEnvelope, ExchangeAuthCode, OAuthErrorCode, ServerText, request_id::request_id,
    server_text,
};

/// A rejection by OpenRouter: the status, and the content of the body in any of its shapes.
///
/// `Display` and `Debug` show the status and the message, made fit to print, and never the body.
#[derive(Clone, thiserror::Error)]
#[error("OpenRouter responded to {operation} with {status}{}", self.colon_message())]
pub struct ApiError {
    operation: &'static str,
    status: StatusCode,
    hint: RejectionHint,
    message: ServerText,
    envelope: Option<Box<ErrorEnvelope>>,
    headers: HeaderMap,
    body: Zeroizing<Vec<u8>>,
}

/// What a rejection means for the user.
///
/// The service says several things with one status, so this looks at the operation and the message too.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RejectionReason {
    /// The code is unknown, used up, or does not belong to the verifier. Get a new code.
    CodeInvalid,
    /// The code is older than ten minutes. Get a new code.
    CodeExpired,
    /// OpenRouter rejected the code with an unknown message. Get a new code.
    CodeRejected,
    /// The `code_challenge_method` is not the one of the authorize URL.
    ChallengeMethodMismatch,
    /// The identity provider's token is not accepted. Get a new one, or look at the federation policy.
    InvalidGrant,
    /// The request is malformed.
    InvalidRequest,
    /// Status 401: the key is missing or not accepted, or a gateway rejected the request; see [`ApiError::envelope`].
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// There is no such thing at this URL: look at the base URL.
    NotFound,
    /// Something else is being done at the same time. Try again later.
    Conflict,
    /// Too many requests. Wait, then try again.
    RateLimited,
    /// The service failed.
    ServerError,
    /// Anything else; the status tells more.
    Other,
}

impl ApiError {
    /// Reads the response to `request`, which was sent with `key`, if the operation needs one.
    ///
    /// Of the body at most 16 KiB are kept, and only one of at most 8 KiB is taken apart. If the server sent the key or
    /// secrets of the request back, they are taken out before that, as is what looks like a key; the
    /// [raw body](Self::raw_body) is left as it is.
    pub fn read<E: Endpoint>(request: &E, key: Option<&str>, status: StatusCode, body: &[u8]) -> Self {
        let mut secrets = request.secrets();
        secrets.extend(key);
        // A JSON value takes up to a hundred times the memory of its text.
        let readable = if body.len() > MAX_READ { &[] } else { body };
        // Before it is taken apart: memory in which a parser had a secret cannot be wiped.
        let readable = server_text::redact_json(readable, &secrets);
        let envelope: Option<ErrorEnvelope> = serde_json::from_slice(&readable).ok();
        let alone: Option<MessageAlone> = match envelope {
            Some(_) => None,
            None => serde_json::from_slice(&readable).ok(),
        };
        let message = match (&envelope, &alone) {
            (Some(envelope), _) => envelope.message(),
            (None, Some(alone)) => &alone.error.message,
            // Of text that is not JSON only what is known is shown: anything could stand there.
            (None, None) if body.trim_ascii() == MALFORMED_JSON.as_bytes() => MALFORMED_JSON,
            (None, None) => "",
        };
        Self {
            operation: E::OPERATION,
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

    /// OpenRouter's name of the rejected operation.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The response's headers, if whoever read it added them.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The number in the body, which may differ from the status.
    pub fn code(&self) -> Option<i64> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => Some(nested.error.code),
            _ => None,
        }
    }

    /// The error code of RFC 6749, section 5.2, if the body has one.
    pub fn oauth_code(&self) -> Option<&OAuthErrorCode> {
        match self.envelope() {
            Some(ErrorEnvelope::OAuth(oauth)) => Some(&oauth.error),
            _ => None,
        }
    }

    /// What is wrong, in words; empty if the body does not say.
    pub fn message(&self) -> &ServerText {
        &self.message
    }

    /// More about it, as the server sent it but for secrets.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.error.metadata.value(),
            _ => None,
        }
    }

    /// Who asked, if the server says.
    pub fn user_id(&self) -> Option<&str> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.user_id.value().map(String::as_str),
            _ => None,
        }
    }

    /// What OpenRouter adds about the handling of the request, without secrets.
    pub fn openrouter_metadata(&self) -> Option<&Map<String, Value>> {
        match self.envelope() {
            Some(ErrorEnvelope::Nested(nested)) => nested.openrouter_metadata.value(),
            _ => None,
        }
    }

    /// The server's ID of the request (`cf-ray` or `x-request-id`), to give to OpenRouter's support.
    pub fn request_id(&self) -> Option<ServerText> {
        request_id(&self.headers)
    }

    /// The body as JSON of a known shape, as the server sent it but for secrets.
    pub fn envelope(&self) -> Option<&ErrorEnvelope> {
        self.envelope.as_deref()
    }

    /// The first 16 KiB of the body, as the server sent them. It may hold anything: do not print it.
    pub fn raw_body(&self) -> &[u8] {
        &self.body
    }

    /// What the rejection means for the user.
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

    /// The HTTP status, which wins over the number in the body; but a success that holds an error means that number.
    fn status_meant(&self) -> u16 {
        let inner =
            self.code().filter(|_| self.status.is_success()).and_then(|code| u16::try_from(code).ok());
        inner.unwrap_or(self.status.as_u16())
    }

    /// Why the exchange was rejected. Both 400 and 403 mean the code, with messages that may change.
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

/// The subject of a message, which is read after secrets were removed.
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

/// OpenRouter's own shape with a slip in it, such as a code that is text: its words still count.
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
