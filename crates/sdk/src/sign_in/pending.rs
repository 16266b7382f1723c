//! A sign-in that was begun and is not finished.

use std::fmt;

use openrouter_oauth_models::{AuthorizationCode, CallbackUrl};

use super::{
    callback::{self, Callback, CallbackError},
    pending_exchange::PendingExchange,
    stored::{self, PendingSecret},
};
use crate::error::Error;

/// A sign-in between [`begin`](crate::Authorize::begin) and the key, whose code comes to a callback URL.
///
/// It is *fresh* until an exchange runs, and *spent* once a code was exchanged or may have been. Reading a callback
/// changes nothing, so other people's requests do no harm. An exchange that surely was not processed, or whose code was
/// rejected, leaves it fresh.
///
/// A program keeps it in memory. A web app binds it to the user's session, one per attempt, found by the
/// [`attempt_id`](Self::attempt_id) in the callback's path; to put it into a session store see
/// [`into_secret_json`](Self::into_secret_json).
#[must_use = "without it the sign-in cannot be finished"]
pub struct PendingSignIn {
    pub(super) callback: Callback,
    pub(super) exchange: PendingExchange,
}

/// A sign-in without a callback URL, between [`begin`](crate::Authorize::begin) and the key: OpenRouter's page shows the
/// code, and the user pastes it.
///
/// It is fresh or spent as a [`PendingSignIn`] is.
#[must_use = "without it the sign-in cannot be finished"]
pub struct HeadlessSignIn {
    pub(super) exchange: PendingExchange,
}

/// A sign-in of either kind, for programs that decide at run time.
#[expect(clippy::exhaustive_enums, reason = "a sign-in has a callback or has none")]
#[derive(Debug)]
#[must_use = "without it the sign-in cannot be finished"]
pub enum AnySignIn {
    /// The code comes to a callback URL.
    Callback(PendingSignIn),
    /// The user pastes the code.
    Headless(HeadlessSignIn),
}

impl PendingSignIn {
    pub(super) fn new(callback: Callback, exchange: PendingExchange) -> Self {
        Self { callback, exchange }
    }

    /// The URL that the browser comes back to: the callback with the [`attempt_id`](Self::attempt_id) at the end of its
    /// path.
    pub fn callback_url(&self) -> &CallbackUrl {
        &self.callback.url
    }

    /// The ID of this attempt: the 128 random bits in the callback's path, as base64url. A web app finds the sign-in by it.
    /// Until the callback has come it is a secret between the app and the user's browser: keep it out of logs.
    pub fn attempt_id(&self) -> &str {
        self.callback.url.url().path().rsplit('/').next().unwrap_or_default()
    }

    /// Whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        self.exchange.is_fresh()
    }

    /// Reads a callback: the target of the browser's request (`/callback/ID?code=…`) or the whole URL, at most 8 KiB.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case. Only a denial or a failure at OpenRouter ends the sign-in. Respond to anything else with
    /// 404 or 400, and keep waiting:
    ///
    /// ```
    /// use openrouter_oauth::{CallbackError, PendingSignIn};
    ///
    /// fn status_of(pending: &PendingSignIn, request_target: &str) -> u16 {
    ///     match pending.read_callback(request_target) {
    ///         Ok(_code) => 200, // exchange it, then show the result
    ///         Err(error) if error.ends_sign_in() => 200, // show the error
    ///         Err(CallbackError::NotOurs) => 404,
    ///         Err(_) => 400,
    ///     }
    /// }
    /// ```
    pub fn read_callback(&self, request_target: &str) -> Result<AuthorizationCode, CallbackError> {
        self.callback.read(request_target)
    }

    /// Reads the query of a callback, at most 8 KiB, for servers that have compared the path already, with
    /// [`CallbackUrl::has_path`]. Use [`read_callback`](Self::read_callback) otherwise: a callback to another path is not
    /// one of this sign-in.
    ///
    /// # Errors
    ///
    /// See [`read_callback`](Self::read_callback).
    pub fn read_query(&self, query: &str) -> Result<AuthorizationCode, CallbackError> {
        self.callback.read_query(query)
    }

    /// Reads what the user pasted, at most 4 KiB: the bare code, the query with the code, or the whole URL of this
    /// sign-in's callback.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case. A URL of another origin or path is [`CallbackError::NotOurs`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        callback::read_pasted(text, Some(&self.callback))
    }

    /// Writes a fresh sign-in as JSON **with its verifier**, for a session store. It goes in and comes out once:
    /// take it out of the store before the exchange, so that a repeated callback finds nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if it cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        stored::write(Some(&self.callback), self.exchange)
    }

    /// Reads the JSON of [`into_secret_json`](Self::into_secret_json).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not that, or if the sign-in is headless. The error shows nothing of the JSON.
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

    /// Whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        self.exchange.is_fresh()
    }

    /// Reads what the user pasted, at most 4 KiB: the bare code, or a query with the code.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case. Any URL is [`CallbackError::NotOurs`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        callback::read_pasted(text, None)
    }

    /// Writes a fresh sign-in as JSON **with its verifier**: see [`PendingSignIn::into_secret_json`].
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if it cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        stored::write(None, self.exchange)
    }

    /// Reads the JSON of [`into_secret_json`](Self::into_secret_json).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not that, or if the sign-in has a callback. The error shows nothing of the JSON.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        match AnySignIn::from_secret_json(json)? {
            AnySignIn::Headless(headless) => Ok(headless),
            AnySignIn::Callback(_) => Err(stored::not_stored().into()),
        }
    }
}

impl AnySignIn {
    /// Whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        match self {
            Self::Callback(pending) => pending.is_fresh(),
            Self::Headless(headless) => headless.is_fresh(),
        }
    }

    /// Reads what the user pasted: see [`PendingSignIn::read_pasted`].
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case.
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        match self {
            Self::Callback(pending) => pending.read_pasted(text),
            Self::Headless(headless) => headless.read_pasted(text),
        }
    }

    /// Writes a fresh sign-in as JSON **with its verifier**: see [`PendingSignIn::into_secret_json`].
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if it cannot be used again.
    pub fn into_secret_json(self) -> Result<PendingSecret, Error> {
        match self {
            Self::Callback(pending) => pending.into_secret_json(),
            Self::Headless(headless) => headless.into_secret_json(),
        }
    }

    /// Reads the JSON of a sign-in of either kind.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not that. The error shows nothing of the JSON.
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
