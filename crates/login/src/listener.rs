//! Listens on a loopback port for the browser that comes back.

use std::{convert::Infallible, future, io};

use openrouter_oauth::{AuthorizationCode, CallbackError, CallbackUrl, Pending};

/// A port of `127.0.0.1` that waits for a browser to come back from OpenRouter.
///
/// TODO of the listener's author: docs with a whole example.
#[derive(Debug)]
pub struct Listener {
    port: u16,
}

/// The browser that came back, which waits to be told what came of it.
#[derive(Debug)]
pub struct Visit {
    code: Result<AuthorizationCode, CallbackError>,
}

/// What a browser is told.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Page {
    /// The key is there.
    SignedIn,
    /// The key is there, and the program could not store it.
    NotStored,
    /// The user declined.
    Denied,
    /// OpenRouter refused, or could not be reached; nothing was made.
    Failed,
    /// Nobody knows whether a key was made.
    OutcomeUnknown,
}

/// A request that was not the callback. It was answered, and the wait went on (L-7).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stray {
    /// Another path, or another nonce.
    NotFound,
}

/// Why there is no listener.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// The port cannot be had.
    #[error("127.0.0.1 port {port} cannot be listened on")]
    Bind {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// Why.
        source: io::Error,
    },
}

impl Listener {
    /// Listens on `port` of `127.0.0.1`; 0 takes a free one.
    ///
    /// # Errors
    ///
    /// [`ListenerError::Bind`] if the port is taken, or there is no loopback.
    pub async fn bind(port: u16) -> Result<Self, ListenerError> {
        Ok(Self { port })
    }

    /// Where the browser is to come back to, to begin a sign-in with.
    pub fn callback_url(&self) -> CallbackUrl {
        unimplemented!()
    }

    /// Tells of each request that was not the callback.
    pub fn on_stray(&mut self, _tell: impl Fn(Stray) + Send + Sync + 'static) {}

    /// Waits for the callback of `pending`: a code, or that OpenRouter or the user declined. Everything else is answered
    /// here, and does not end the wait. Nothing is lost if the future is dropped and asked for again.
    pub async fn callback(&mut self, _pending: &Pending) -> Visit {
        future::pending().await
    }

    /// Answers whatever else comes, for as long as it is polled: for the time in which a code is exchanged.
    pub async fn refuse_others(&mut self) -> Infallible {
        future::pending().await
    }
}

impl Visit {
    /// The code, or why there is none: [`CallbackError::Denied`] or [`CallbackError::Failed`].
    pub fn code(&self) -> &Result<AuthorizationCode, CallbackError> {
        &self.code
    }

    /// Tells the browser what came of it, and waits until it has heard: at most two seconds. A browser that has gone is no
    /// failure (F48).
    pub async fn answer(self, _page: Page) {}
}
