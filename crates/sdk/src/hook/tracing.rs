//! A hook that logs attempts with `tracing`.

use std::error::Error as StdError;

use http::{HeaderMap, StatusCode};
use openrouter_oauth_models::request_id;
use openrouter_oauth_transport::BoxError;

use super::{Attempt, Hook};

/// A [`Hook`] that sends `tracing` events for every attempt, with the target `openrouter_oauth`.
///
/// The events have only these fields: `operation`, `attempt`, `status`, `request_id`, and `error` (the transport's
/// error without its causes). They contain no secret, no other header, and no body.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingHook;

impl TracingHook {
    /// Creates the hook.
    pub const fn new() -> Self {
        Self
    }
}

const TARGET: &str = "openrouter_oauth";

impl Hook for TracingHook {
    fn before_attempt(&self, attempt: &Attempt, _headers: &mut HeaderMap) -> Result<(), BoxError> {
        tracing::debug!(target: TARGET, operation = attempt.operation(), attempt = attempt.number(), "sending");
        Ok(())
    }

    fn after_response(&self, attempt: &Attempt, status: StatusCode, headers: &HeaderMap) {
        tracing::debug!(
            target: TARGET,
            operation = attempt.operation(),
            attempt = attempt.number(),
            status = status.as_u16(),
            request_id = request_id(headers).as_ref().map(tracing::field::display),
            "response"
        );
    }

    fn after_error(&self, attempt: &Attempt, error: &(dyn StdError + 'static)) {
        // The error of a rejecting hook could contain a secret, so it is not logged.
        let error = error.downcast_ref::<openrouter_oauth_transport::Error>();
        tracing::warn!(
            target: TARGET,
            operation = attempt.operation(),
            attempt = attempt.number(),
            error = error.map(tracing::field::display),
            "no response"
        );
    }

    fn abandoned(&self, attempt: &Attempt) {
        tracing::warn!(target: TARGET, operation = attempt.operation(), attempt = attempt.number(), "dropped");
    }
}
