//! The error type of calls and sign-ins.

pub(crate) mod outcome_unknown;

use std::{fmt, time::Duration};

use http::StatusCode;
use openrouter_oauth_models::{ApiError, InvalidValue, KeyLabel, Origin, RejectionReason};
use openrouter_oauth_transport::{self as transport, BoxError};

use self::outcome_unknown::OutcomeUnknown;
use crate::sign_in::callback::CallbackError;

/// The error type of calls and sign-ins, grouped by what to do next.
///
/// # Troubleshooting
///
/// * *Is the code lost?* [`is_outcome_unknown`](Self::is_outcome_unknown): OpenRouter may have acted on the request, and
///   its response did not come through. After an exchange a key may exist that nobody holds: look for it on
///   <https://openrouter.ai/settings/keys>, and begin a new sign-in.
/// * *Is a retry worthwhile?* [`is_retryable`](Self::is_retryable): the same call may succeed later.
/// * *Was it the key?* [`is_unauthorized`](Self::is_unauthorized): forget it and sign in again.
/// * *Was it the code?* [`is_expired_code`](Self::is_expired_code), [`is_rejected_code`](Self::is_rejected_code): begin a
///   new sign-in.
/// * *What did OpenRouter say?* [`api`](Self::api).
///
/// Messages hold no secret and no body. Causes are reached through [`source`](std::error::Error::source).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument, a setting or a variable of the environment is not what it should be. Nothing was sent.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),

    /// The operation needs an API key and the client has none for the service that is called. Nothing was sent.
    #[error(
        "this operation needs an API key, and the client has none for this service; see `ClientBuilder::api_key`"
    )]
    MissingKey,

    /// The closure that supplies the key failed. Nothing was sent.
    #[error("the source of the API key failed")]
    KeySource(#[source] BoxError),

    /// A [`Hook`](crate::Hook) rejected the request. Nothing was sent.
    #[error("a hook rejected the request, and nothing was sent")]
    HookRejected(#[source] BoxError),

    /// The random generator failed, so no sign-in was begun.
    #[error("the operating system's random generator failed")]
    Randomness(#[source] BoxError),

    /// The callback, or what the user pasted, does not belong to this sign-in, or says that the user declined.
    #[error(transparent)]
    Callback(#[from] CallbackError),

    /// The sign-in was begun with another service than the client's (RFC 9700, section 4.4). Nothing was sent.
    #[error("the sign-in was begun with {expected}, but this client calls {actual}")]
    OriginMismatch {
        /// The origin it was begun with.
        expected: Origin,
        /// The origin of the client.
        actual: Origin,
    },

    /// The sign-in was exchanged already, or it may have been. Nothing was sent. Begin a new sign-in.
    #[error("this sign-in cannot be used again: {0}")]
    Spent(SpentReason),

    /// OpenRouter could not be reached. Nothing was sent: the code is still good, try again.
    #[error("OpenRouter could not be reached, and nothing was sent; check the connection and try again")]
    NotSent(#[source] transport::Error),

    /// The server, or a proxy that is spoken to by TLS, could not prove that it is the right one. Nothing was sent.
    #[error(
        "the server's certificate is not trusted, and nothing was sent; check the clock, the network and the roots"
    )]
    Tls(#[source] transport::Error),

    /// The proxy asks for credentials (407). Nothing was sent.
    #[error("the proxy asks for credentials, and nothing was sent; put them into the proxy's URL")]
    ProxyAuthRequired(#[source] transport::Error),

    /// OpenRouter rejected the request: see [`ApiError::reason`] for what that means.
    #[error(transparent)]
    Api(Box<ApiError>),

    /// Too many requests (429). The code is still good: wait, then try again.
    #[error("OpenRouter asks for fewer requests{}", wait_text(*retry_after))]
    RateLimited {
        /// How long the server asks to wait: at most ten minutes, after which a code is of no use.
        retry_after: Option<Duration>,
        /// What it said.
        #[source]
        api: Box<ApiError>,
    },

    /// OpenRouter is down or being worked on (503). The code is still good: wait, then try again.
    #[error("OpenRouter is not available{}", wait_text(*retry_after))]
    ServiceUnavailable {
        /// How long the server asks to wait: at most ten minutes, after which a code is of no use.
        retry_after: Option<Duration>,
        /// What it said.
        #[source]
        api: Box<ApiError>,
    },

    /// The server responded with a redirect, which is never followed: check the base URL.
    #[error("the server responded with a redirect ({status}), which is not followed; check the base URL")]
    UnexpectedRedirect {
        /// The status.
        status: StatusCode,
        /// Whether it points to the same scheme, host and port; false if it does not say where.
        same_origin: bool,
    },

    /// Nobody knows whether OpenRouter acted on the request.
    #[error(transparent)]
    OutcomeUnknown(Box<OutcomeUnknown>),
}

/// Why a sign-in cannot be used again.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SpentReason {
    /// Its code was exchanged.
    Exchanged,
    /// An exchange ended without a known outcome.
    OutcomeUnknown,
    /// An exchange was dropped while it ran.
    Abandoned,
}

impl Error {
    /// Whether the request may have reached OpenRouter. If not, all is as it was before the call.
    pub fn may_have_been_sent(&self) -> bool {
        self.is_outcome_unknown() || self.api().is_some() || matches!(self, Self::UnexpectedRedirect { .. })
    }

    /// Adds the label by which a key that may have been made can be found.
    pub(crate) fn labeled(mut self, label: Option<&KeyLabel>) -> Self {
        if let Self::OutcomeUnknown(unknown) = &mut self {
            unknown.key_label = label.cloned();
        }
        self
    }

    /// Whether OpenRouter may have acted on the request without the caller having the result.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }

    /// Whether the same call may succeed later, without harm in trying.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::RateLimited { .. } | Self::ServiceUnavailable { .. } => true,
            Self::OutcomeUnknown(unknown) => unknown.retryable,
            Self::Api(api) => {
                matches!(api.reason(), RejectionReason::Conflict | RejectionReason::ServerError)
                    || matches!(api.status().as_u16(), 408 | 421 | 425)
            }
            _ => false,
        }
    }

    /// Whether OpenRouter rejected the API key or the access token (401): forget it, and sign in again.
    ///
    /// A 401 without one of OpenRouter's error bodies may come from a gateway, and says nothing about the key.
    pub fn is_unauthorized(&self) -> bool {
        let Self::Api(api) = self else { return false };
        api.reason() == RejectionReason::Unauthorized && api.envelope().is_some()
    }

    /// Whether the code is older than its ten minutes.
    pub fn is_expired_code(&self) -> bool {
        matches!(self, Self::Api(api) if api.reason() == RejectionReason::CodeExpired)
    }

    /// Whether OpenRouter rejected the code for any reason: unknown, used up, expired, or not of this verifier.
    pub fn is_rejected_code(&self) -> bool {
        let rejected = [
            RejectionReason::CodeInvalid,
            RejectionReason::CodeExpired,
            RejectionReason::CodeRejected,
            RejectionReason::ChallengeMethodMismatch,
        ];
        matches!(self, Self::Api(api) if rejected.contains(&api.reason()))
    }

    /// What OpenRouter said, if it said something.
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

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!("; try again in {} s", wait.as_secs_f64().ceil()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_crosses_threads_and_is_small() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Error>();
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }

    /// No `_` arm: a new variant needs a next step here.
    #[test]
    fn every_error_has_a_next_step() {
        // C-25
        fn next_step(error: &Error) -> &'static str {
            match error {
                Error::Invalid(_) | Error::MissingKey => "mend the call",
                Error::KeySource(_) | Error::Randomness(_) | Error::HookRejected(_) => "look at the source",
                Error::Callback(_) => "wait for the right callback, or tell the user",
                Error::OriginMismatch { .. } | Error::UnexpectedRedirect { .. } => "check the base URL",
                Error::Spent(_) => "begin anew",
                Error::NotSent(_) => "check the connection, try again",
                Error::ProxyAuthRequired(_) => "give the proxy its credentials",
                Error::Tls(_) => "check the clock, the network and the roots",
                Error::Api(_) => "see the reason",
                Error::RateLimited { .. } | Error::ServiceUnavailable { .. } => "wait, try again",
                Error::OutcomeUnknown(_) => "look at the keys page, begin anew",
            }
        }
        assert_eq!(next_step(&Error::MissingKey), "mend the call");
    }
}
