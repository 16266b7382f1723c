//! A sign-in between the authorize URL and the key.

use std::{fmt, time::SystemTime};

use openrouter_oauth_models::{AuthorizationCode, CallbackUrl};

use super::{
    callback::{Callback, CallbackError},
    pasted,
    pending_exchange::PendingExchange,
    stored::{self, PendingSecret},
};
use crate::error::Error;

/// A sign-in between [`begin`](crate::Authorize::begin) and the key, with a callback URL that receives the code.
///
/// It is *fresh* at first, and *spent* once a code has been exchanged or may have been. An exchange leaves it fresh if
/// the request was certainly not processed, or if OpenRouter rejected the code. Reading a callback does not change it,
/// so foreign requests are harmless.
///
/// A local program keeps it in memory. A web app keeps one for each attempt to sign in, binds it to the user's session,
/// and finds it by the [`attempt_id`](Self::attempt_id) in the callback's path. Use
/// [`into_secret_json`](Self::into_secret_json) to put it into a session store.
#[must_use = "the sign-in cannot be finished without it"]
pub struct PendingSignIn {
    pub(super) callback: Callback,
    pub(super) exchange: PendingExchange,
}

/// A sign-in between [`begin`](crate::Authorize::begin) and the key, without a callback URL. OpenRouter's page shows
/// the code, and the user pastes it.
///
/// It is fresh or spent, like a [`PendingSignIn`].
#[must_use = "the sign-in cannot be finished without it"]
pub struct HeadlessSignIn {
    pub(super) exchange: PendingExchange,
}

/// A sign-in of either kind, for programs that choose the kind at run time.
#[expect(clippy::exhaustive_enums, reason = "a sign-in either has a callback or not")]
#[derive(Debug)]
#[must_use = "the sign-in cannot be finished without it"]
pub enum AnySignIn {
    /// A callback URL receives the code.
    Callback(PendingSignIn),
    /// The user pastes the code.
    Headless(HeadlessSignIn),
}

impl PendingSignIn {
    pub(super) fn new(callback: Callback, exchange: PendingExchange) -> Self {
        Self { callback, exchange }
    }

    /// Returns the URL that OpenRouter redirects the browser to. Its path is the one that you set, followed by the
    /// [`attempt_id`](Self::attempt_id).
    pub fn callback_url(&self) -> &CallbackUrl {
        &self.callback.url
    }

    /// Returns the ID of this attempt: the 128 random bits in the callback's path, as base64url.
    ///
    /// A web app finds the sign-in by this ID. Until the callback arrives, the ID is a secret between the app and the
    /// user's browser, so keep it out of logs.
    pub fn attempt_id(&self) -> &str {
        self.callback.url.url().path().rsplit('/').next().unwrap_or_default()
    }

    /// Returns whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        self.exchange.is_fresh()
    }

    /// Returns the time at which the sign-in began, in whole seconds, by the wall clock of the client that began it.
    pub fn begun_at(&self) -> SystemTime {
        self.exchange.begun_at.time()
    }

    /// Reads the code from a callback. Accepts the browser's request target (`/callback/ID?code=…`) or the whole URL,
    /// at most 8 KiB.
    ///
    /// # Errors
    ///
    /// See [`CallbackError`]. The sign-in ends only if the user declined or OpenRouter failed. Respond to any other
    /// error with 404 or 400, and keep waiting:
    ///
    /// ```
    /// use openrouter_oauth::{CallbackError, PendingSignIn};
    ///
    /// fn status_of(pending: &PendingSignIn, request_target: &str) -> u16 {
    ///     match pending.read_callback(request_target) {
    ///         Ok(_code) => 200, // Exchange the code, then show the result.
    ///         Err(error) if error.ends_sign_in() => 200, // Show the error.
    ///         Err(CallbackError::NotOurs) => 404,
    ///         Err(_) => 400,
    ///     }
    /// }
    /// ```
    pub fn read_callback(&self, request_target: &str) -> Result<AuthorizationCode, CallbackError> {
        self.callback.read(request_target)
    }

    /// Reads the code from the query of a callback, at most 8 KiB, for a server whose router has taken the path apart.
    ///
    /// `attempt_id` is the last segment of the request's path, or the path itself: only the end counts, because nested
    /// routers and proxies strip the beginning. It is compared in constant time.
    ///
    /// # Errors
    ///
    /// As for [`read_callback`](Self::read_callback). [`CallbackError::NotOurs`] if `attempt_id` is that of another
    /// sign-in.
    pub fn read_query(&self, attempt_id: &str, query: &str) -> Result<AuthorizationCode, CallbackError> {
        self.callback.read_query(attempt_id, query)
    }

    /// Reads the code from pasted text, at most 4 KiB: the bare code, the query with the code, or the address of this
    /// sign-in's callback.
    ///
    /// The path of an address must end with the [`attempt_id`](Self::attempt_id), and a `state` must match. The scheme,
    /// host, and port do not matter, because browsers, tunnels, and forwarded ports change them.
    ///
    /// Text that users copy along with a code is ignored: white space (also inside the code, where a terminal wraps
    /// it), invisible characters, quotes, angle brackets, backticks, `Code:`, and a leading `?` or `#`. A whole address
    /// may be percent-encoded once. `CODE&state=STATE` is accepted too.
    ///
    /// # Errors
    ///
    /// See [`CallbackError`]. The address of another sign-in is [`CallbackError::NotOurs`], and an API key is
    /// [`CallbackError::ApiKey`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        pasted::read_pasted(text, Some(&self.callback))
    }

    /// Converts a fresh sign-in to JSON **with its verifier**, for a session store.
    ///
    /// Remove the JSON from the store before the exchange, so that a repeated callback finds nothing. If the exchange
    /// fails and [`is_fresh`](Self::is_fresh) still returns `true`, call this again and put the JSON back, so that the
    /// user can retry. The JSON remembers if the code may have been used.
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if the sign-in cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        stored::write(Some(&self.callback), self.exchange)
    }

    /// Restores a sign-in from the JSON of [`into_secret_json`](Self::into_secret_json).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the JSON is invalid or the sign-in is headless. The error does not quote the JSON.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        match AnySignIn::from_secret_json(json)? {
            AnySignIn::Callback(pending) => Ok(pending),
            AnySignIn::Headless(_) => Err(stored::not_stored().into()),
        }
    }
}

impl HeadlessSignIn {
    pub(super) fn new(exchange: PendingExchange) -> Self {
        Self { exchange }
    }

    /// Returns whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        self.exchange.is_fresh()
    }

    /// Returns the time at which the sign-in began, in whole seconds, by the wall clock of the client that began it.
    pub fn begun_at(&self) -> SystemTime {
        self.exchange.begun_at.time()
    }

    /// Reads the code from pasted text, at most 4 KiB: the bare code, or a query with the code. The text is cleaned as
    /// in [`PendingSignIn::read_pasted`].
    ///
    /// # Errors
    ///
    /// See [`CallbackError`]. Any URL is [`CallbackError::NotOurs`], and an API key is [`CallbackError::ApiKey`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        pasted::read_pasted(text, None)
    }

    /// Converts a fresh sign-in to JSON **with its verifier**. See [`PendingSignIn::into_secret_json`].
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if the sign-in cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        stored::write(None, self.exchange)
    }

    /// Restores a sign-in from the JSON of [`into_secret_json`](Self::into_secret_json).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the JSON is invalid or the sign-in has a callback. The error does not quote the JSON.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        match AnySignIn::from_secret_json(json)? {
            AnySignIn::Headless(headless) => Ok(headless),
            AnySignIn::Callback(_) => Err(stored::not_stored().into()),
        }
    }
}

impl AnySignIn {
    /// Returns whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        match self {
            Self::Callback(pending) => pending.is_fresh(),
            Self::Headless(headless) => headless.is_fresh(),
        }
    }

    /// Reads the code from pasted text. See [`PendingSignIn::read_pasted`].
    ///
    /// # Errors
    ///
    /// See [`CallbackError`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        match self {
            Self::Callback(pending) => pending.read_pasted(text),
            Self::Headless(headless) => headless.read_pasted(text),
        }
    }

    /// Converts a fresh sign-in to JSON **with its verifier**. See [`PendingSignIn::into_secret_json`].
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if the sign-in cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        match self {
            Self::Callback(pending) => pending.into_secret_json(),
            Self::Headless(headless) => headless.into_secret_json(),
        }
    }

    /// Restores a sign-in of either kind from its JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the JSON is invalid. The error does not quote it.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        Ok(match stored::read(json)? {
            (Some(callback), exchange) => PendingSignIn::new(callback, exchange).into(),
            (None, exchange) => HeadlessSignIn::new(exchange).into(),
        })
    }
}

impl From<PendingSignIn> for AnySignIn {
    fn from(pending: PendingSignIn) -> Self {
        Self::Callback(pending)
    }
}

impl From<HeadlessSignIn> for AnySignIn {
    fn from(headless: HeadlessSignIn) -> Self {
        Self::Headless(headless)
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt(f, "PendingSignIn")
    }
}

impl fmt::Debug for HeadlessSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exchange.fmt(f, "HeadlessSignIn")
    }
}
