//! The error type of calls and sign-ins.

pub(crate) mod outcome_unknown;
pub(crate) mod unexpected_response;

use std::{fmt, time::Duration};

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, Endpoint as _, ExchangeAuthCode, InvalidValue, KeyLabel, Origin, RejectionReason,
};
use openrouter_oauth_transport::{self as transport, BoxError};

use self::{outcome_unknown::OutcomeUnknown, unexpected_response::UnexpectedResponse};
use crate::sign_in::callback::CallbackError;

/// The error type of calls and sign-ins, grouped by what to do next.
///
/// # Troubleshooting
///
/// * *Is the code lost?* See [`is_outcome_unknown`](Self::is_outcome_unknown): OpenRouter may have acted on the
///   request, but the response was lost. After an exchange, a key may exist that your program never received. Ask the
///   user to delete it at <https://openrouter.ai/settings/keys>, and begin a new sign-in. If something other than
///   OpenRouter responded, the code may still be good or may have been used: see
///   [`may_have_acted`](Self::may_have_acted).
/// * *Is a retry worthwhile?* See [`is_retryable`](Self::is_retryable): the same call may succeed later.
/// * *Was the key rejected?* See [`is_unauthorized`](Self::is_unauthorized): discard the key and sign in again.
/// * *Was the code rejected?* See [`is_rejected_code`](Self::is_rejected_code): sending it again is pointless, but the
///   pending sign-in stays fresh. If the user pasted the code, ask for another one. If it came from a callback, begin a
///   new sign-in. If the user took too long, [`is_expired_code`](Self::is_expired_code) is true as well.
/// * *How did OpenRouter explain it?* See [`api`](Self::api).
///
/// No message contains a secret or a response body. [`source`](std::error::Error::source) returns the cause.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument, a setting, or an environment variable is invalid. Nothing was sent.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),

    /// The operation needs an API key, and the client has none for this service. Nothing was sent.
    #[error(
        "this operation needs an API key, and the client has none for this service; see `ClientBuilder::api_key`"
    )]
    MissingKey,

    /// The closure of [`api_key_source`](crate::ClientBuilder::api_key_source) failed. Nothing was sent.
    #[error("the source of the API key failed")]
    KeySource(#[source] BoxError),

    /// A [`Hook`](crate::Hook) rejected the request. Nothing was sent.
    #[error("a hook rejected the request, and nothing was sent")]
    HookRejected(#[source] BoxError),

    /// The random generator failed, so the sign-in did not begin.
    #[error("the operating system's random generator failed")]
    Randomness(#[source] BoxError),

    /// The callback or the pasted text contains no code for this sign-in, or the user declined.
    #[error(transparent)]
    Callback(#[from] CallbackError),

    /// The sign-in began with a different service than this client calls (RFC 9700, section 4.4). Nothing was sent.
    #[error("the sign-in began with {expected}, but this client calls {actual}")]
    OriginMismatch {
        /// The origin of the sign-in.
        expected: Origin,
        /// The origin of the client.
        actual: Origin,
    },

    /// The code of this sign-in was already exchanged, or may have been. Nothing was sent. Begin a new sign-in.
    #[error("this sign-in cannot be used again: {0}")]
    Spent(SpentReason),

    /// OpenRouter could not be reached, or certainly did not process the request. The code is still good: retry. If the
    /// kind is [`Other`](transport::ErrorKind::Other), the request failed on this machine, and a retry would probably
    /// fail again.
    #[error("{}", not_sent_text(.0.kind()))]
    NotSent(#[source] transport::Error),

    /// The TLS handshake with the server or an `https` proxy failed. Nothing was sent. The source gives the reason: for
    /// example, the certificate is not trusted, or the port does not speak TLS.
    #[error(
        "the secure connection (TLS) failed, and nothing was sent; check the URL, the network, the system clock, and \
         the root certificates"
    )]
    Tls(#[source] transport::Error),

    /// The proxy requires authentication (407). Nothing was sent. Either add credentials to the proxy's URL, or, if its
    /// kind of authentication is not supported ([`ErrorKind::ProxyAuthUnsupported`]), run a local proxy that supports it.
    ///
    /// [`ErrorKind::ProxyAuthUnsupported`]: transport::ErrorKind::ProxyAuthUnsupported
    #[error("{}", proxy_auth_text(.0.kind()))]
    ProxyAuthRequired(#[source] transport::Error),

    /// OpenRouter rejected the request for the reason in [`ApiError::reason`], or something other than OpenRouter
    /// responded ([`RejectionReason::NotFromOpenRouter`]).
    #[error("{0}{doubt}", doubt = doubt_text(.0.operation(), .0.may_have_acted()))]
    Api(Box<ApiError>),

    /// Too many requests (429). The code is still good: wait, then retry.
    #[error("OpenRouter received too many requests{}", wait_text(*retry_after))]
    RateLimited {
        /// How long the server asks to wait. For operations that are not idempotent, this is at most ten minutes,
        /// because a code expires then.
        retry_after: Option<Duration>,
        /// The response.
        #[source]
        api: Box<ApiError>,
    },

    /// OpenRouter is down or under maintenance (503). For operations that are not idempotent, the response also had a
    /// `Retry-After`, which shows that the request was turned away. The code is still good: wait, then retry.
    #[error("OpenRouter is unavailable{}", wait_text(*retry_after))]
    ServiceUnavailable {
        /// How long the server asks to wait, as for [`RateLimited`](Self::RateLimited).
        retry_after: Option<Duration>,
        /// The response.
        #[source]
        api: Box<ApiError>,
    },

    /// The server responded with a redirect, which the client never follows. Check the base URL.
    #[error(
        "the server responded with a redirect ({status}), which the client does not follow; check the base URL{}",
        doubt_text(operation, *may_have_acted)
    )]
    UnexpectedRedirect {
        /// OpenRouter's name for the operation.
        operation: &'static str,
        /// Whether OpenRouter may have acted on the request before a proxy replaced the response. This is true if the
        /// operation is not idempotent.
        may_have_acted: bool,
        /// The status of the response.
        status: StatusCode,
        /// Whether the redirect points to the same scheme, host, and port. False if it has no target, or if one of
        /// several points elsewhere.
        same_origin: bool,
    },

    /// No usable response to an idempotent operation arrived: it took too long, or the connection broke. Retry.
    #[error("no usable response arrived; check the connection and try again")]
    NoResponse(#[source] transport::Error),

    /// The response to an idempotent operation is a success, but not the result of the operation.
    #[error(transparent)]
    UnexpectedResponse(Box<UnexpectedResponse>),

    /// OpenRouter may or may not have acted on a request that is not idempotent.
    #[error(transparent)]
    OutcomeUnknown(Box<OutcomeUnknown>),
}

/// The reason why a sign-in is spent.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SpentReason {
    /// The code was exchanged.
    Exchanged,
    /// An exchange ended without a known outcome.
    OutcomeUnknown,
    /// The future of an exchange was dropped while it ran.
    Abandoned,
}

impl Error {
    /// Returns whether OpenRouter may have processed the request. If not, the call changed nothing.
    pub fn may_have_been_sent(&self) -> bool {
        self.is_outcome_unknown()
            || self.api().is_some()
            || matches!(
                self,
                Self::UnexpectedRedirect { .. } | Self::NoResponse(_) | Self::UnexpectedResponse(_)
            )
    }

    /// Returns whether OpenRouter may have acted on a request that is not idempotent.
    ///
    /// This is true for an [unknown outcome](Self::is_outcome_unknown), and for a redirect or a 4XX that is not
    /// OpenRouter's: a proxy may have passed the request on and replaced the response. After a redirect or a 4XX, the
    /// pending sign-in stays fresh, because the code may still be good. If OpenRouter then rejects a second
    /// exchange, the outcome is unknown ([`UnknownReason::RejectedLater`]).
    ///
    /// [`UnknownReason::RejectedLater`]: crate::UnknownReason::RejectedLater
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::OutcomeUnknown(_) => true,
            Self::UnexpectedRedirect { may_have_acted, .. } => *may_have_acted,
            Self::Api(api) => api.may_have_acted(),
            _ => false,
        }
    }

    /// Adds the label that identifies a key that may have been created.
    pub(crate) fn labeled(mut self, label: Option<&KeyLabel>) -> Self {
        if let Self::OutcomeUnknown(unknown) = &mut self {
            unknown.key_label = label.cloned();
        }
        self
    }

    /// Returns whether OpenRouter may have acted on the request, but the result was lost.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }

    /// Returns whether the same call may succeed later and is harmless to send again.
    pub fn is_retryable(&self) -> bool {
        match self {
            // For example, an invalid proxy variable, or no runtime.
            Self::NotSent(error) => error.kind() != transport::ErrorKind::Other,
            Self::NoResponse(_) | Self::RateLimited { .. } | Self::ServiceUnavailable { .. } => true,
            // After a request that is not idempotent, these statuses are unknown outcomes.
            Self::Api(api) => {
                matches!(
                    api.reason(),
                    RejectionReason::Conflict | RejectionReason::RateLimited | RejectionReason::ServerError
                ) || matches!(api.status().as_u16(), 408 | 421 | 425 | 500..)
            }
            _ => false,
        }
    }

    /// Returns whether OpenRouter rejected the API key or the access token (401). If so, discard it and sign in again.
    ///
    /// Returns `false` for a 401 without one of OpenRouter's error bodies: it may come from a gateway, and proves
    /// nothing about the key.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Api(api) if api.reason() == RejectionReason::Unauthorized)
    }

    /// Returns whether OpenRouter rejected the code because it is older than ten minutes.
    pub fn is_expired_code(&self) -> bool {
        matches!(self, Self::Api(api) if api.reason() == RejectionReason::CodeExpired)
    }

    /// Returns whether OpenRouter rejected the code for any reason: it is unknown, used, expired, or belongs to another
    /// verifier or challenge method.
    ///
    /// The pending sign-in stays fresh, so that a user who pasted the wrong text can paste again. After a callback's
    /// code is rejected, begin a new sign-in.
    pub fn is_rejected_code(&self) -> bool {
        matches!(self, Self::Api(api) if api.is_rejected_code())
    }

    /// Returns the error response, if there was one. [`ApiError::is_from_openrouter`] returns whether OpenRouter sent
    /// it.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(api) | Self::RateLimited { api, .. } | Self::ServiceUnavailable { api, .. } => {
                Some(api)
            }
            Self::OutcomeUnknown(unknown) => unknown.api.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for SpentReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchanged => "its code was exchanged",
            Self::OutcomeUnknown => "an exchange ended without a known outcome",
            Self::Abandoned => "an exchange was dropped while it ran",
        })
    }
}

/// Adds that a key may exist, if the operation may have created one.
fn doubt_text(operation: &str, may_have_acted: bool) -> &'static str {
    if may_have_acted && operation == ExchangeAuthCode::OPERATION {
        "; if OpenRouter received the code, a key may have been created"
    } else {
        ""
    }
}

fn not_sent_text(kind: transport::ErrorKind) -> &'static str {
    match kind {
        transport::ErrorKind::Other => "the request failed on this machine before it was sent",
        _ => {
            "OpenRouter could not be reached, or did not process the request; check the connection and try again"
        }
    }
}

fn proxy_auth_text(kind: transport::ErrorKind) -> &'static str {
    match kind {
        transport::ErrorKind::ProxyAuthUnsupported => {
            "the proxy requires a kind of authentication that is not supported, and nothing was sent; run a local proxy \
             that supports it, such as Px or cntlm, and set HTTPS_PROXY to its address"
        }
        _ => "the proxy requires credentials, and nothing was sent; add them to the proxy's URL",
    }
}

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!("; try again in {} s", wait.as_secs_f64().ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_send_sync_and_small() {
        fn assert_crosses_threads<T: Send + Sync + 'static>() {}
        assert_crosses_threads::<Error>();
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }

    /// There is no `_` arm, so a new variant does not compile without its next step.
    #[test]
    fn every_error_has_a_next_step() {
        // C-25
        fn next_step(error: &Error) -> &'static str {
            match error {
                Error::Invalid(_) | Error::MissingKey => "fix the call",
                Error::KeySource(_) | Error::Randomness(_) | Error::HookRejected(_) => "look at the source",
                Error::Callback(_) => "wait for the right callback, or tell the user",
                Error::OriginMismatch { .. } | Error::UnexpectedRedirect { .. } => "check the base URL",
                Error::Spent(_) => "begin a new sign-in",
                Error::NotSent(error) if error.kind() == transport::ErrorKind::Other => "look at the source",
                Error::NotSent(_) | Error::NoResponse(_) => "check the connection, then retry",
                Error::ProxyAuthRequired(_) => "add credentials to the proxy's URL, or run a local proxy",
                Error::Tls(_) => "check the clock, the network, and the root certificates",
                Error::Api(_) => "see the reason",
                Error::UnexpectedResponse(_) => "check the network and the base URL",
                Error::RateLimited { .. } | Error::ServiceUnavailable { .. } => "wait, then retry",
                Error::OutcomeUnknown(_) => "delete the key, then begin a new sign-in",
            }
        }
        assert_eq!(next_step(&Error::MissingKey), "fix the call");
    }
}
