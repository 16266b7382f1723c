//! The error type of a login.

use std::{fmt, time::Duration};

use openrouter_oauth::{
    CallbackError, KeyLabel,
    models::{InvalidValue, ServerText},
    transport::BoxError,
};

use crate::{ListenerError, StoreError};

/// The error type of [`Login::run`](crate::Login::run), grouped by what to do next.
///
/// No message holds a code, a verifier or a key. Causes are reached through [`source`](std::error::Error::source).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user declined on OpenRouter's page.
    #[error("the user declined")]
    Denied {
        /// OpenRouter's description of the error.
        description: Option<ServerText>,
    },
    /// OpenRouter sent the browser back with an error.
    #[error("OpenRouter could not authorize; run the login again")]
    Failed(#[source] CallbackError),
    /// Nobody approved in time. The page may have been closed: run the login again.
    #[error("nobody approved within {} s; run the login again", after.as_secs())]
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The login was cancelled. No key was made.
    #[error("the login was cancelled")]
    Cancelled,
    /// The login ended while a code was exchanged, so a key may have been made.
    #[error(
        "{reason}; a key named \"{key_label}\" may have been made: look for it at https://openrouter.ai/settings/keys and \
         delete it, then run the login again"
    )]
    OutcomeUnknown {
        /// Why the outcome is unknown.
        reason: OutcomeUnknownReason,
        /// The label of the key that may have been made.
        key_label: KeyLabel,
        /// The rejection.
        #[source]
        source: Option<openrouter_oauth::Error>,
    },
    /// The pasted text was not a code for this sign-in.
    #[error("that is not a code for this sign-in; run the login again")]
    NoCode(#[source] CallbackError),
    /// No code can arrive: nothing listens, and nobody can paste.
    #[error("there is no way for the code to come back: no port to listen on, and no terminal to paste into")]
    NoInput(#[source] Option<ListenerError>),
    /// The port that was asked for cannot be listened on.
    #[error("the login cannot listen for the browser; choose another port, or let the login take a free one")]
    Listener(#[source] ListenerError),
    /// The store cannot be used. Nothing was begun, so that no key is made that cannot be kept.
    #[error("the key could not be stored, so the login was not begun")]
    Store(#[source] StoreError),
    /// There is no tokio runtime here. A login needs one with I/O and time.
    #[error("a login needs a tokio runtime")]
    NoRuntime(#[source] BoxError),
    /// The sign-in could not be begun, or the code could not be exchanged.
    #[error(transparent)]
    Sdk(#[from] openrouter_oauth::Error),
}

/// Why the outcome of a login is unknown.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OutcomeUnknownReason {
    /// It was cancelled, and the exchange did not end soon after.
    Cancelled,
    /// It timed out, and the exchange did not end soon after.
    TimedOut,
    /// The service asked to wait with the code, and rejected it afterwards: the first exchange may have used it up.
    RejectedAfterWait,
}

impl Error {
    /// Whether a key may have been made that the program does not have.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Self::OutcomeUnknown { .. } => true,
            Self::Sdk(error) => error.is_outcome_unknown(),
            _ => false,
        }
    }
}

impl fmt::Display for OutcomeUnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the login was cancelled while the code was exchanged",
            Self::TimedOut => "the login timed out while the code was exchanged",
            Self::RejectedAfterWait => "OpenRouter asked to wait with the code, and then rejected it",
        })
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::Sdk(invalid.into())
    }
}
