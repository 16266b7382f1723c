//! Why a login brings no key, by what to do next.

use std::time::Duration;

use openrouter_oauth::{
    CallbackError,
    models::{InvalidValue, ServerText},
};

use crate::{ListenerError, StoreError};

/// Why a login brings no key, by what to do next.
///
/// No message holds a code, a verifier or a key. Causes are reached through [`source`](std::error::Error::source).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user declined on OpenRouter's page.
    #[error("the user declined")]
    Denied {
        /// What OpenRouter says about it.
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
        /// Whether a code was being exchanged. A key may have been made then.
        exchanging: bool,
    },
    /// The login was cancelled.
    #[error("the login was cancelled{}", may_be_made(*exchanging))]
    Cancelled {
        /// Whether a code was being exchanged. A key may have been made then.
        exchanging: bool,
    },
    /// What was pasted was no code of this login.
    #[error("what was pasted is no code of this login; run it again")]
    NoCode(#[source] CallbackError),
    /// No code can come: nothing listens, and nobody can paste.
    #[error("there is no way for the code to come back: no port to listen on, and no terminal to paste into")]
    NoWay(#[source] Option<ListenerError>),
    /// The port that was asked for cannot be listened on.
    #[error("the login cannot listen for the browser; choose another port, or let the login take a free one")]
    Listener(#[source] ListenerError),
    /// The store cannot be used. Nothing was begun, so that no key is made that cannot be kept.
    #[error("the key could not be stored, so the login was not begun")]
    Storage(#[source] StoreError),
    /// The sign-in could not be begun, or the code could not be exchanged.
    #[error(transparent)]
    Sdk(#[from] openrouter_oauth::Error),
}

fn may_be_made(exchanging: bool) -> &'static str {
    if exchanging {
        " while the code was exchanged; a key may have been made: look for it at https://openrouter.ai/settings/keys"
    } else {
        ""
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::Sdk(invalid.into())
    }
}
