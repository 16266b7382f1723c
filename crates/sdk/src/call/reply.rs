//! The result of one attempt.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use openrouter_oauth_transport::{self as transport, BoxError};

use super::retry_after::RetryAfter;

/// The result of one attempt: a response, or the reason for its absence.
pub(crate) type Reply = Result<Response<Bytes>, NoResponse>;

/// The reason why an attempt has no response.
pub(crate) enum NoResponse {
    /// A hook rejected the request, so nothing was sent.
    HookRejected(BoxError),
    Transport(transport::Error),
}

impl NoResponse {
    pub(crate) fn may_have_been_sent(&self) -> bool {
        matches!(self, Self::Transport(error) if error.may_have_been_sent())
    }
}

/// Returns whether a response with this head makes the outcome of a request that is not idempotent unknown.
///
/// Gateways send 408 and every 5XX even after the service has acted. Among these, only a 503 with `Retry-After` shows
/// that the request was turned away.
pub(crate) fn is_unknown(status: StatusCode, headers: &HeaderMap) -> bool {
    match status.as_u16() {
        408 | 421 | 425 => true,
        503 => !headers.contains_key(header::RETRY_AFTER) || RetryAfter::read(headers).is_none(),
        status => !(200..500).contains(&status),
    }
}

/// Returns whether a status means that the request was turned away, no matter who sent it. The outcome must not be
/// [unknown](is_unknown).
pub(crate) fn is_turned_away(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}
