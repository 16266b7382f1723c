//! The error for a response with an error status.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    Endpoint, ErrorEnvelope, ExchangeAuthCode, ExchangeToken, OAuthErrorCode, Resend, ServerText,
    redact::redact_json,
    response_headers::{content_encoding, content_type, request_id},
};

/// The error for a response with an error status: the status and the content of the body, in any known form.
///
/// The status is OpenRouter's verdict only if the body is one of OpenRouter's
/// ([`is_from_openrouter`](Self::is_from_openrouter)). Any other response, such as a proxy's error page, says nothing
/// about the key or the code.
///
/// `Display` and `Debug` show the status and the message, made safe to print. They never show the body.
#[derive(Clone, thiserror::Error)]
pub struct ApiError {
    operation: &'static str,
    activity: &'static str,
    status: StatusCode,
    is_from_openrouter: bool,
    is_idempotent: bool,
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
    /// The key is missing or not accepted (401).
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
    /// Something other than OpenRouter responded, such as a proxy, a firewall, or a network's sign-in page. The
    /// response says nothing about the key or the code.
    NotFromOpenRouter,
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
        let readable = redact_json(readable, &secrets);
        let mut envelope = ErrorEnvelope::decode(&readable);
        if let Some(envelope) = &mut envelope {
            envelope.redact_inner_json(&secrets);
        }
        let is_malformed_json = body.trim_ascii() == MALFORMED_JSON.as_bytes();
        let message = match &envelope {
            Some(envelope) => envelope.message(),
            // Other text could contain anything, so only this known message is shown.
            None if is_malformed_json => Cow::Borrowed(MALFORMED_JSON),
            None => Cow::Owned(message_alone(&readable).unwrap_or_default()),
        };
        Self {
            operation: E::OPERATION,
            activity: E::ACTIVITY,
            status,
            is_from_openrouter: is_malformed_json
                || envelope.as_ref().is_some_and(|envelope| is_openrouters::<E>(envelope)),
            is_idempotent: E::RESEND == Resend::Always,
            hint: RejectionHint::parse(&message),
            message: ServerText::without(&message, &secrets),
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

    /// Returns whether the body is one of OpenRouter's: a JSON [envelope](Self::envelope), or the plain text that
    /// reports malformed JSON.
    ///
    /// Gateways send `{"error":"Forbidden"}` too. So an envelope in the form of RFC 6749 counts only if its error code
    /// is one that the RFC or OpenRouter defines. After a token exchange, any code in lowercase counts.
    pub fn is_from_openrouter(&self) -> bool {
        self.is_from_openrouter
    }

    /// Returns the media type of the response, such as `text/html`, if the headers have one of at most 64 characters.
    pub fn content_type(&self) -> Option<ServerText> {
        content_type(&self.headers)
    }

    /// Returns the content encoding of the body, such as `gzip`, if the headers have one of at most 64 characters that
    /// is not `identity`.
    pub fn content_encoding(&self) -> Option<ServerText> {
        content_encoding(&self.headers)
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

    /// Returns whether OpenRouter may have acted on the request before a proxy replaced the response. This is true if
    /// the operation is not idempotent and the response is not OpenRouter's.
    pub fn may_have_acted(&self) -> bool {
        !self.is_from_openrouter && !self.is_idempotent
    }

    /// Returns whether OpenRouter rejected the code of an exchange, for any reason: it is unknown, used, expired, or
    /// belongs to another verifier or challenge method.
    pub fn is_rejected_code(&self) -> bool {
        matches!(
            self.reason(),
            RejectionReason::CodeInvalid
                | RejectionReason::CodeExpired
                | RejectionReason::CodeRejected
                | RejectionReason::ChallengeMethodMismatch
        )
    }

    /// Returns the reason for the rejection.
    pub fn reason(&self) -> RejectionReason {
        if !self.is_from_openrouter {
            return RejectionReason::NotFromOpenRouter;
        }
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
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { activity, status, .. } = self;
        if self.is_from_openrouter {
            write!(f, "{activity} failed: OpenRouter responded with {status}")?;
            if !self.message.as_str().is_empty() {
                write!(f, ": {}", self.message)?;
            }
        } else {
            self.fmt_foreign(f)?;
        }
        match self.request_id() {
            Some(id) => write!(f, " (request ID {id})"),
            None => Ok(()),
        }
    }
}

impl ApiError {
    /// Describes an error response that is not OpenRouter's.
    fn fmt_foreign(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status.as_u16() {
            status @ 529 => write!(f, "OpenRouter is overloaded ({status})"),
            status @ 520..=530 => {
                write!(f, "Cloudflare, in front of OpenRouter, got no usable response from it ({status})")
            }
            status => {
                let content_type = self.content_type();
                let content_type = content_type.as_ref().map_or("no content type", ServerText::as_str);
                write!(
                    f,
                    "something other than OpenRouter responded ({status}, {content_type}); it may be a proxy, a \
                     firewall or a network's sign-in page"
                )?;
                match self.content_encoding() {
                    Some(encoding) => write!(f, " (content encoding {encoding})"),
                    None => Ok(()),
                }
            }
        }
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

/// Returns whether OpenRouter sends this envelope.
///
/// Many gateways send the form of RFC 6749 too (`{"error":"Forbidden"}`). So it counts only with a known error code, or
/// with any lowercase code from the one endpoint that is documented to use this form.
fn is_openrouters<E: Endpoint>(envelope: &ErrorEnvelope) -> bool {
    let is_code =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match envelope {
        ErrorEnvelope::Nested(_) | ErrorEnvelope::Zod(_) => true,
        ErrorEnvelope::OAuth(oauth) => match &oauth.error {
            OAuthErrorCode::Other(other) => {
                E::OPERATION == ExchangeToken::OPERATION && is_code(other.as_str())
            }
            _ => true,
        },
    }
}

/// Returns the message of a body that is almost OpenRouter's. Other services send such bodies, for example with a
/// string as `code`.
fn message_alone(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Outer {
        error: Inner,
    }

    #[derive(Deserialize)]
    struct Inner {
        message: String,
    }

    serde_json::from_slice(body).ok().map(|Outer { error: Inner { message } }| message)
}

const MAX_BODY: usize = 16 * 1024;
const MAX_READ: usize = 8 * 1024;
const MALFORMED_JSON: &str = "Malformed JSON in request body";
