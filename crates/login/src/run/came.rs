//! What came so far, and what it means to the flow.

use std::time::Duration;

use openrouter_oauth::{ApiKeyGrant, AuthorizationCode, CallbackError, Error};

use crate::{
    CallbackRequest,
    flow::{Happened, Way},
};

/// What came so far.
#[derive(Default)]
pub(super) struct Came {
    pub(super) code: Option<AuthorizationCode>,
    /// The browser that waits to be told.
    pub(super) visit: Option<CallbackRequest>,
    /// What stood in place of a code.
    pub(super) said: Option<CallbackError>,
    /// What is wrong with what was pasted, in words for the user.
    pub(super) problem: Option<String>,
    pub(super) exchanged: Option<Result<ApiKeyGrant, Error>>,
}

/// The pause before a code is tried again, if the service does not say how long.
const PAUSE: Duration = Duration::from_secs(2);

impl Came {
    pub(super) fn visit(&mut self, visit: CallbackRequest) -> Happened {
        let happened = match visit.code() {
            Ok(code) => {
                self.code = Some(code.clone());
                Happened::Code(Way::Callback)
            }
            Err(said) => {
                self.said = Some(said.clone());
                Happened::Declined
            }
        };
        self.visit = Some(visit);
        happened
    }

    pub(super) fn pasted(&mut self, code: Result<AuthorizationCode, CallbackError>) -> Happened {
        match code {
            Ok(code) => {
                self.code = Some(code);
                // Said only if a code is asked for once more.
                self.problem = Some("OpenRouter refused this code".to_owned());
                Happened::Code(Way::Paste)
            }
            Err(said) => {
                let is_over = matches!(said, CallbackError::Denied { .. } | CallbackError::Failed { .. });
                self.problem = Some(said.to_string());
                self.said = Some(said);
                if is_over { Happened::Declined } else { Happened::Misread }
            }
        }
    }

    /// Takes in how an exchange ended, with so much of the login's time left. A wait that does not fit into it is not begun.
    pub(super) fn exchanged(&mut self, result: Result<ApiKeyGrant, Error>, left: Duration) -> Happened {
        let happened = match &result {
            Ok(_) => Happened::Granted,
            Err(error) if error.is_rejected_code() => Happened::Refused,
            Err(error) if wait(error) >= left => Happened::Failed,
            Err(Error::NotSent(_)) => Happened::NotSent,
            // Without a time to wait, a 503 may come from in front of a service that has made a key.
            Err(Error::RateLimited { .. } | Error::ServiceUnavailable { retry_after: Some(_), .. }) => {
                Happened::TryLater
            }
            Err(_) => Happened::Failed,
        };
        self.exchanged = Some(result);
        happened
    }

    /// How long to wait before the code is tried again.
    pub(super) fn pause(&self) -> Duration {
        match &self.exchanged {
            Some(Err(error)) => wait(error),
            _ => PAUSE,
        }
    }
}

fn wait(error: &Error) -> Duration {
    match error {
        Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
            retry_after.unwrap_or(PAUSE)
        }
        _ => PAUSE,
    }
}
