//! Hooks that see every attempt of a call and can change its headers.

#[cfg(feature = "tracing")]
pub(crate) mod tracing;

use std::{error::Error as StdError, fmt, sync::Arc};

use http::{HeaderMap, StatusCode};
use openrouter_oauth_transport::BoxError;

/// An observer of every attempt of every call, which can also add headers or reject the request.
///
/// Use it for logs, metrics, and tracing headers. A hook sees no body and no credential: the SDK adds `Authorization`
/// after [`before_attempt`](Self::before_attempt). No hook can make the SDK send a request twice. A hook must not
/// panic, because a panic loses the response, which may contain a key.
///
/// ```
/// use openrouter_oauth::{Attempt, Hook};
/// use openrouter_oauth::transport::BoxError;
///
/// #[derive(Debug)]
/// struct Traced;
///
/// impl Hook for Traced {
///     fn before_attempt(&self, attempt: &Attempt, headers: &mut http::HeaderMap) -> Result<(), BoxError> {
///         let span = format!("{}-{}", attempt.operation(), attempt.number());
///         headers.insert("x-span", span.parse()?);
///         Ok(())
///     }
/// }
/// ```
pub trait Hook: fmt::Debug + Send + Sync {
    /// Called before an attempt is sent. Changes to the headers apply to this attempt only. Changes to the SDK's own
    /// headers (`Authorization`, `Content-Type`, …) have no effect.
    ///
    /// # Errors
    ///
    /// Return an error to reject the request. The attempt is then not sent, and every hook's
    /// [`after_error`](Self::after_error) runs. The call ends with [`Error::HookRejected`](crate::Error::HookRejected),
    /// or with the result of an earlier attempt if OpenRouter may have received it.
    fn before_attempt(&self, _attempt: &Attempt, _headers: &mut HeaderMap) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called after a response with any status. The headers are complete and may include `Set-Cookie`.
    fn after_response(&self, _attempt: &Attempt, _status: StatusCode, _headers: &HeaderMap) {}

    /// Called after an attempt without a response, with the error of the transport or of the hook that rejected the
    /// request.
    fn after_error(&self, _attempt: &Attempt, _error: &(dyn StdError + 'static)) {}

    /// Called when a call is dropped while this attempt is in flight. If it was an exchange, a key may exist that the
    /// program never received.
    fn abandoned(&self, _attempt: &Attempt) {}
}

/// One attempt of a call, as a [`Hook`] sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    operation: &'static str,
    number: u32,
}

impl Attempt {
    pub(crate) fn new(operation: &'static str, number: u32) -> Self {
        Self { operation, number }
    }

    /// Returns OpenRouter's ID of the operation, such as `exchangeAuthCodeForAPIKey`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Returns the number of the attempt within its call, starting at 1.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// The hooks of a client, in the order in which the program added them.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Arc<dyn Hook>>);

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Hook + 'static) {
        self.0.push(Arc::new(hook));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn before_attempt(&self, attempt: &Attempt, headers: &mut HeaderMap) -> Result<(), BoxError> {
        self.0.iter().try_for_each(|hook| hook.before_attempt(attempt, headers))
    }

    pub(crate) fn after_response(&self, attempt: &Attempt, status: StatusCode, headers: &HeaderMap) {
        self.0.iter().for_each(|hook| hook.after_response(attempt, status, headers));
    }

    pub(crate) fn after_error(&self, attempt: &Attempt, error: &(dyn StdError + 'static)) {
        self.0.iter().for_each(|hook| hook.after_error(attempt, error));
    }

    /// Returns a guard that calls `abandoned` when it is dropped, unless it is disarmed first.
    pub(crate) fn watch(&self, attempt: Attempt) -> Watch<'_> {
        Watch { hooks: self, attempt, is_armed: true }
    }
}

/// A guard for an attempt that is in flight.
pub(crate) struct Watch<'a> {
    hooks: &'a Hooks,
    attempt: Attempt,
    is_armed: bool,
}

impl Watch<'_> {
    pub(crate) fn disarm(mut self) {
        self.is_armed = false;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            self.hooks.0.iter().for_each(|hook| hook.abandoned(&self.attempt));
        }
    }
}
