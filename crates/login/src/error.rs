//! The error type of a login.

use std::{fmt, time::Duration};

use openrouter_oauth::{
    CallbackError, KeyLabel,
    models::{InvalidValue, ServerText},
    transport::BoxError,
};

use crate::{ListenerError, StoreError};

/// The error type of [`Login::ensure`](crate::Login::ensure) and [`Login::run`](crate::Login::run), grouped by what to
/// do next.
///
/// No message contains a code, a verifier, or a key. [`source`](std::error::Error::source) returns the cause.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user declined on OpenRouter's page.
    #[error("the user declined")]
    Denied {
        /// OpenRouter's description of the error.
        description: Option<ServerText>,
    },
    /// OpenRouter redirected the browser back with an error.
    #[error("OpenRouter could not authorize the sign-in; run the login again")]
    Failed(#[source] CallbackError),
    /// No code arrived in time. The user may have closed the page: run the login again.
    #[error("the sign-in was not approved within {} s; run the login again", after.as_secs())]
    TimedOut {
        /// The timeout.
        after: Duration,
        /// The error of the last exchange, if there was one. For example, OpenRouter rejected a pasted code, and the
        /// user pasted no other.
        #[source]
        source: Option<openrouter_oauth::Error>,
    },
    /// Another program was signing in with the same store, and did not finish in time:
    /// see [`Login::ensure`](crate::Login::ensure).
    #[error("another program was still signing in after {} s; finish or cancel that sign-in, and retry", after.as_secs())]
    OtherSignIn {
        /// The timeout.
        after: Duration,
    },
    /// The login was cancelled, or the user ended the input before pasting anything. No key was created.
    #[error("the login was cancelled")]
    Cancelled,
    /// The login ended during the exchange of a code, so a key may have been created.
    #[error(
        "{reason}; a key labeled \"{key_label}\" may have been created: look for it at \
         https://openrouter.ai/settings/keys and delete it, then run the login again"
    )]
    OutcomeUnknown {
        /// Why the outcome is unknown.
        reason: OutcomeUnknownReason,
        /// The label of the key that may have been created.
        key_label: KeyLabel,
    },
    /// The pasted text was not a code for this sign-in, and no other text can be pasted.
    #[error("that is not a code for this sign-in; run the login again")]
    NoCode(#[source] CallbackError),
    /// No code can arrive: no port is open for the browser, and there is no terminal to paste into. A script can pipe
    /// the code in with [`TerminalPrompt::stdin`](crate::TerminalPrompt::stdin).
    #[error(
        "no code can arrive: no port is open for the browser, and there is no terminal to paste a code into"
    )]
    NoInput(#[source] Option<ListenerError>),
    /// The login could not listen on the port that [`Login::port`](crate::Login::port) sets.
    #[error("could not listen on the requested port; choose another one, or let the login choose a free one")]
    Listener(#[source] ListenerError),
    /// The store does not work. The login did not start, because a new key could not be stored.
    #[error("the key store does not work, so the login did not start")]
    Store(#[source] StoreError),
    /// The login was not started inside a tokio runtime. It needs one with I/O and time enabled. A program without async
    /// calls [`Login::ensure_blocking`](crate::Login::ensure_blocking) or
    /// [`run_blocking`](crate::Login::run_blocking) instead.
    #[error("a login needs a tokio runtime; `ensure_blocking` and `run_blocking` create their own")]
    NoRuntime(#[source] BoxError),
    /// [`Login::run_blocking`](crate::Login::run_blocking) or [`ensure_blocking`](crate::Login::ensure_blocking) could
    /// not create its runtime, for example because too many files are open.
    #[error("could not create the runtime of the login; close files or programs, and try again")]
    Runtime(#[source] std::io::Error),
    /// [`Login::run_blocking`](crate::Login::run_blocking) or
    /// [`ensure_blocking`](crate::Login::ensure_blocking) was called inside a tokio runtime, whose thread it would
    /// block. A thread of `spawn_blocking` is inside, too, and so is one with a guard of `Handle::enter`: call
    /// `Handle::current().block_on(login.run())` there.
    #[error(
        "a blocking login cannot run inside a tokio runtime: await `run` or `ensure` instead; on a thread of \
         `spawn_blocking`, call `Handle::current().block_on(login.run())`"
    )]
    InsideRuntime,
    /// The sign-in could not start, or the code could not be exchanged.
    ///
    /// If OpenRouter rejected a pasted code and the input then ended, this is the rejection.
    #[error(transparent)]
    Sdk(#[from] openrouter_oauth::Error),
}

/// The reason why the outcome of a login is unknown.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OutcomeUnknownReason {
    /// The login was cancelled, and the exchange did not end soon after.
    Cancelled,
    /// The login timed out, and the exchange did not end soon after.
    TimedOut,
}

impl Error {
    /// Returns whether OpenRouter may have created a key that the program did not receive.
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
            Self::Cancelled => "the login was cancelled while exchanging the code",
            Self::TimedOut => "the login timed out while exchanging the code",
        })
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::Sdk(invalid.into())
    }
}
