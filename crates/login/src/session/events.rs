//! Converts results into events of the flow.

use std::time::Duration;

use openrouter_oauth::{AnySignIn, ApiKeyGrant, AuthorizationCode, CallbackError, Error};

use crate::{
    CallbackRequest, Pasted, PromptError,
    flow::{CodeSource, FlowEvent, RETRY_PAUSE},
};

/// Returns the event of a callback.
pub(super) fn callback_event(callback: &CallbackRequest) -> FlowEvent<AuthorizationCode> {
    match callback.code() {
        Ok(code) => FlowEvent::Code(CodeSource::Callback, code.clone()),
        Err(error) => FlowEvent::Declined(error.clone()),
    }
}

/// Returns the event of a prompt that has completed.
pub(super) fn prompt_event(
    pasted: Result<Pasted, PromptError>,
    pending: &AnySignIn,
) -> FlowEvent<AuthorizationCode> {
    let code = match pasted {
        Ok(pasted) => pending.read_pasted(pasted.expose()),
        Err(PromptError::TooLong) => Err(CallbackError::Malformed),
        Err(PromptError::Closed) => return FlowEvent::InputEnded,
        Err(_) => return FlowEvent::PromptUnavailable,
    };
    match code {
        Ok(code) => FlowEvent::Code(CodeSource::Paste, code),
        Err(error) if error.ends_sign_in() => FlowEvent::Declined(error),
        Err(error) => FlowEvent::NotACode(error),
    }
}

/// Returns the event of an exchange that has completed, with `left` of the login's time left. There is no retry if its
/// pause does not fit into that time.
pub(super) fn exchange_event(
    result: Result<ApiKeyGrant, Error>,
    left: Duration,
) -> FlowEvent<AuthorizationCode> {
    let error = match result {
        Ok(grant) => return FlowEvent::Granted(grant),
        Err(error) => error,
    };
    let wait = retry_after(&error).unwrap_or(RETRY_PAUSE);
    match &error {
        _ if error.is_rejected_code() => FlowEvent::Rejected(error),
        _ if wait >= left => FlowEvent::Failed(error),
        Error::NotSent(_) => FlowEvent::NotSent(error),
        Error::RateLimited { .. } | Error::ServiceUnavailable { .. } => FlowEvent::TryLater(error, wait),
        _ => FlowEvent::Failed(error),
    }
}

/// Returns how long OpenRouter asks the client to wait.
fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
            *retry_after
        }
        _ => None,
    }
}
