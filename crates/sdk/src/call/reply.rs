//! The result of one attempt.

use bytes::Bytes;
use http::{Response, StatusCode};
use openrouter_oauth_transport::{self as transport, BoxError};

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

/// Whether the service may or may not have acted on a request that got this status, if it is not idempotent.
pub(crate) fn is_unknown(status: StatusCode) -> bool {
    status.is_informational() || (status.as_u16() >= 500 && status != StatusCode::SERVICE_UNAVAILABLE)
}
