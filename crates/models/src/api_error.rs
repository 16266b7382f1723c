//! A rejection by the service.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::{
    Endpoint, ErrorEnvelope, ExchangeAuthCode, ExchangeToken, OAuthErrorCode, ServerText,
    response_headers::{content_type, request_id},
    server_text,
};

/// A response whose status is an error: by OpenRouter, or by something between it and the client.
///
/// A status is OpenRouter's word only in one of OpenRouter's error bodies ([`is_from_openrouter`](Self::is_from_openrouter)).
/// Anything else, such as the page of a proxy, says nothing about a key or a code.
///
/// `Display` and `Debug` show the status and the message, made fit to print, and never the body.
#[derive(Clone, thiserror::Error)]
pub struct ApiError {
    operation: &'static str,
    status: StatusCode,
    is_from_openrouter: bool,
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
    /// The code is unknown, used up, or does not belong to the verifier. Sign in again.
    CodeInvalid,
    /// The code is older than ten minutes. Sign in again.
    CodeExpired,
    /// The code was rejected with an unknown message. Sign in again.
    CodeRejected,
    /// The `code_challenge_method` is not the one of the authorize URL.
    ChallengeMethodMismatch,
    /// The identity provider's token is not accepted. Get a new one, or look at the federation policy.
    InvalidGrant,
    /// The request is malformed.
    InvalidRequest,
    /// The key is missing or not accepted (401).
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
    /// The response is not OpenRouter's: a proxy, a firewall or a network's sign-in page answered instead. It says nothing
    /// about a key or a code.
    NotFromOpenRouter,
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
        let envelope = ErrorEnvelope::decode(&readable);
        let is_malformed_json = body.trim_ascii() == MALFORMED_JSON.as_bytes();
        let message = match &envelope {
            Some(envelope) => envelope.message(),
            // Of text that is not JSON only what is known is shown: anything could stand there.
            None if is_malformed_json => Cow::Borrowed(MALFORMED_JSON),
            None => Cow::Owned(message_alone(&readable).unwrap_or_default()),
        };
        Self {
            operation: E::OPERATION,
            status,
            is_from_openrouter: is_malformed_json
                || envelope.as_ref().is_some_and(|envelope| is_openrouters::<E>(envelope)),
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

    /// Whether the body is one of OpenRouter's: the [envelope](Self::envelope) of its own errors, of RFC 6749 or of Zod, or the
    /// text that reports malformed JSON. Otherwise the status is not OpenRouter's verdict.
    pub fn is_from_openrouter(&self) -> bool {
        self.is_from_openrouter
    }

    /// The media type of the response, without parameters; at most 64 characters.
    pub fn content_type(&self) -> Option<ServerText> {
        content_type(&self.headers)
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
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, status, .. } = self;
        if self.is_from_openrouter {
            write!(f, "OpenRouter responded to {operation} with {status}")?;
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
    /// Says what arrived instead of a response of OpenRouter's.
    fn fmt_foreign(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status.as_u16() {
            status @ 529 => write!(f, "OpenRouter is overloaded ({status})"),
            status @ 520..=530 => {
                write!(f, "Cloudflare, in front of OpenRouter, got no usable response from it ({status})")
            }
            status => {
                write!(f, "something other than OpenRouter answered ({status}, ")?;
                match self.content_type() {
                    Some(content_type) => write!(f, "{content_type})")?,
                    None => f.write_str("no content type)")?,
                }
                f.write_str("; it may be a proxy, a firewall or a network's sign-in page")
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

/// Whether OpenRouter writes such a body. The shape of RFC 6749 is also that of many gateways (`{"error":"Forbidden"}`), so
/// it counts with the words of that RFC alone, except at the endpoint that OpenRouter documents it for.
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

/// The message of a body that is almost OpenRouter's, such as one whose code is text: other services write those.
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
