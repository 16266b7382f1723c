//! A sign-in that was begun and is not finished.

use std::{borrow::Cow, fmt, mem};

use openrouter_oauth_models::{
    AuthorizationCode, CallbackUrl, CodeVerifier, InvalidValue, KeyLabel, Origin, State,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::callback::{self, CallbackError};
use crate::{
    base_url::BaseUrl,
    error::{Error, SpentReason},
};

/// A sign-in between [`begin`](crate::Authorize::begin) and the key.
///
/// It is *fresh* until an exchange runs, and *spent* once a code was exchanged or may have been. Reading a callback
/// changes nothing, so other people's requests do no harm. An exchange that surely was not processed, or whose code was
/// refused, leaves it fresh.
///
/// A program keeps it in memory. A web app binds it to the user's session, one per attempt, found by the
/// [`nonce`](Self::nonce) in the callback's path; to put it into a session store see
/// [`into_secret_json`](Self::into_secret_json).
#[must_use = "without it the sign-in cannot be finished"]
pub struct PendingSignIn {
    pub(super) origin: Origin,
    callback: Option<CallbackUrl>,
    state: Option<State>,
    pub(super) key_label: Option<KeyLabel>,
    pub(super) phase: Phase,
}

pub(super) enum Phase {
    Fresh(CodeVerifier),
    InFlight,
    Spent(SpentReason),
}

/// A [`PendingSignIn`] as JSON, which holds the verifier: store it as one stores a session, and take it out once.
pub struct PendingSecret(Zeroizing<String>);

impl PendingSignIn {
    pub(crate) fn new(
        origin: Origin,
        callback: Option<CallbackUrl>,
        state: Option<State>,
        key_label: Option<KeyLabel>,
        verifier: CodeVerifier,
    ) -> Self {
        Self { origin, callback, state, key_label, phase: Phase::Fresh(verifier) }
    }

    /// The URL that the browser comes back to: the callback with a nonce at the end of its path. None if the sign-in is
    /// headless. It holds the nonce.
    pub fn callback_url(&self) -> Option<&CallbackUrl> {
        self.callback.as_ref()
    }

    /// The 128 random bits in the callback's path, as base64url: what a web app finds the attempt by. Until the callback
    /// has come it is a secret between the app and the user's browser: keep it out of logs.
    pub fn nonce(&self) -> Option<&str> {
        self.callback.as_ref()?.url().path().rsplit('/').next()
    }

    /// Whether a code can be exchanged.
    pub fn is_fresh(&self) -> bool {
        matches!(self.phase, Phase::Fresh(_))
    }

    /// Reads a callback: the target of the browser's request (`/callback/nonce?code=…`) or the whole URL, at most 8 KiB.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case. Only a denial or a failure at OpenRouter ends the sign-in; anything else is answered
    /// with 404 or 400, and the wait goes on:
    ///
    /// ```
    /// use openrouter_oauth::{CallbackError, PendingSignIn};
    ///
    /// fn status_of(pending: &PendingSignIn, request_target: &str) -> u16 {
    ///     match pending.read_callback(request_target) {
    ///         Ok(_code) => 200, // exchange it, then tell the user what came of it
    ///         Err(CallbackError::Denied { .. } | CallbackError::Failed { .. }) => 200, // say so; it is over
    ///         Err(CallbackError::NotOurs) => 404,
    ///         Err(_) => 400,
    ///     }
    /// }
    /// ```
    pub fn read_callback(&self, request_target: &str) -> Result<AuthorizationCode, CallbackError> {
        callback::read_callback(request_target, self.callback.as_ref(), self.state.as_ref())
    }

    /// Reads what the user pasted, at most 4 KiB: the bare code, the query with the code, or the whole URL of this
    /// sign-in's callback.
    ///
    /// # Errors
    ///
    /// [`CallbackError`] by case. A URL of another origin or path is [`CallbackError::NotOurs`].
    pub fn read_pasted(&self, text: &str) -> Result<AuthorizationCode, CallbackError> {
        callback::read_pasted(text, self.callback.as_ref(), self.state.as_ref())
    }

    /// The verifier, with the transaction in flight until it is put back.
    pub(super) fn take_verifier(&mut self) -> Result<CodeVerifier, Error> {
        match mem::replace(&mut self.phase, Phase::InFlight) {
            Phase::Fresh(verifier) => Ok(verifier),
            // Found in flight, it was dropped there: while it runs it is borrowed.
            Phase::InFlight => Err(self.spent(SpentReason::Abandoned)),
            Phase::Spent(reason) => Err(self.spent(reason)),
        }
    }

    fn spent(&mut self, reason: SpentReason) -> Error {
        self.phase = Phase::Spent(reason);
        Error::Spent(reason)
    }

    /// Writes a fresh transaction as JSON **with its verifier**, for a session store. It goes in and comes out once:
    /// take it out of the store before the exchange, so that a repeated callback finds nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if it cannot be used again.
    pub fn into_secret_json(mut self) -> Result<PendingSecret, Error> {
        let verifier = self.take_verifier()?;
        let stored = Stored {
            version: VERSION,
            origin: Cow::Borrowed(self.origin.as_str()),
            callback_url: self.callback.as_ref().map(|callback| Cow::Borrowed(callback.as_str())),
            state: self.state.as_ref().map(|state| Cow::Borrowed(state.expose())),
            key_label: self.key_label.as_ref().map(|label| Cow::Borrowed(label.as_str())),
            code_verifier: Cow::Borrowed(verifier.expose()),
        };
        // As large as it can get, so that it does not move.
        let mut json = Zeroizing::new(Vec::with_capacity(4096));
        serde_json::to_writer(&mut *json, &stored).map_err(|_| not_stored())?;
        let json = String::from_utf8(mem::take(&mut *json)).map_err(|_| not_stored())?;
        Ok(PendingSecret(Zeroizing::new(json)))
    }

    /// Reads what [`into_secret_json`](Self::into_secret_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it is not that. Nothing of it is shown.
    pub fn from_secret_json(json: &str) -> Result<Self, Error> {
        let stored: Stored<'_> = serde_json::from_str(json).map_err(|_| not_stored())?;
        if stored.version != VERSION {
            return Err(not_stored().into());
        }
        let origin = BaseUrl::parse(&stored.origin)?.origin().clone();
        if origin.as_str() != stored.origin {
            return Err(not_stored().into());
        }
        let callback = stored.callback_url.as_deref().map(CallbackUrl::parse).transpose()?;
        let state = stored.state.as_deref().map(State::parse).transpose()?;
        if callback.is_some() != state.is_some() {
            return Err(not_stored().into());
        }
        let verifier = CodeVerifier::parse(&stored.code_verifier)?;
        let key_label = stored.key_label.as_deref().map(KeyLabel::parse).transpose()?;
        Ok(Self::new(origin, callback, state, key_label, verifier))
    }
}

/// How a transaction is stored.
#[derive(Deserialize, Serialize)]
struct Stored<'a> {
    version: u32,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(borrow)]
    callback_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    key_label: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code_verifier: Cow<'a, str>,
}

const VERSION: u32 = 1;

fn not_stored() -> InvalidValue {
    InvalidValue::new("stored sign-in", "cannot be read")
}

impl PendingSecret {
    /// The JSON. It holds the verifier.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PendingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingSecret([redacted])")
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Fresh(_) => "fresh",
            Phase::InFlight => "in flight",
            Phase::Spent(_) => "spent",
        };
        f.debug_struct("PendingSignIn")
            .field("origin", &self.origin.as_str())
            .field("phase", &phase)
            .finish_non_exhaustive()
    }
}
