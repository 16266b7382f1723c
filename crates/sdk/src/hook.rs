//! Hooks: what a program can see and change of every attempt.

#[cfg(feature = "tracing")]
pub(crate) mod tracing;

use std::{error::Error as StdError, fmt, sync::Arc};

use http::{HeaderMap, StatusCode};
use openrouter_oauth_transport::BoxError;

/// Sees every attempt of every call, and can add headers or reject the request.
///
/// For logs, metrics and tracing headers. A hook sees no body and no credential: the `Authorization` is added after
/// [`before_attempt`](Self::before_attempt). Nothing that a hook does can cause a second send. It must not panic: the response,
/// and with it a key, would be lost.
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
    /// An attempt is about to be sent, with these headers, which are fresh for each. Headers that belong to the SDK
    /// (`Authorization`, `Content-Type`, …) cannot be set.
    ///
    /// # Errors
    ///
    /// The reason to reject the request. The attempt is then not sent, [`after_error`](Self::after_error) of every hook runs,
    /// and the call ends with [`Error::HookRejected`](crate::Error::HookRejected), or with the result of an earlier attempt that may have
    /// arrived.
    fn before_attempt(&self, _attempt: &Attempt, _headers: &mut HeaderMap) -> Result<(), BoxError> {
        Ok(())
    }

    /// A response came, whatever its status, with these headers, `Set-Cookie` among them.
    fn after_response(&self, _attempt: &Attempt, _status: StatusCode, _headers: &HeaderMap) {}

    /// No response came: the transport's error, or that of the hook that rejected the request.
    fn after_error(&self, _attempt: &Attempt, _error: &(dyn StdError + 'static)) {}

    /// The call was dropped while this attempt was on its way. After an exchange a key may exist that nobody holds.
    fn abandoned(&self, _attempt: &Attempt) {}
}

/// The attempt that a [`Hook`] sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attempt {
    operation: &'static str,
    number: u32,
}

impl Attempt {
    pub(crate) fn new(operation: &'static str, number: u32) -> Self {
        Self { operation, number }
    }

    /// OpenRouter's name of the operation.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// 1 for the first attempt of a call.
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// The hooks of a client, in the order in which they were added.
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

    /// Calls `abandoned` of the hooks when it is dropped, unless it is disarmed.
    pub(crate) fn watch<'a>(&'a self, attempt: &'a Attempt) -> Watch<'a> {
        Watch { hooks: self, attempt, is_armed: true }
    }
}

/// An attempt that is on its way.
pub(crate) struct Watch<'a> {
    hooks: &'a Hooks,
    attempt: &'a Attempt,
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
            self.hooks.0.iter().for_each(|hook| hook.abandoned(self.attempt));
        }
    }
}
