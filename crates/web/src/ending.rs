//! The end of a callback without a key.

use std::{error::Error as StdError, fmt};

use http::{HeaderValue, Response, StatusCode, header::SET_COOKIE};
use openrouter_oauth::{Error, transport::BoxError};

use crate::{
    cookie::{attempt::AttemptId, content::Ended},
    outcome::{FinalOutcome, Outcome},
    page::{Page, action::PageAction, kind::PageKind},
    response::{self, CALLBACK_METHODS},
    return_to::ReturnTo,
    settings::Settings,
};

/// The response to a callback that ended without a key, and the reason.
///
/// Its `Display` is meant for a log. Neither it nor the response contains a secret or a text of the server.
#[must_use = "the browser needs the response"]
pub struct Ending(Box<Inner>);

struct Inner {
    outcome: Outcome,
    cause: Option<Cause>,
    response: Response<String>,
}

pub(crate) enum Cause {
    Client(Error),
    Store(BoxError),
}

impl Ending {
    /// Ends a callback and leaves its attempt as it is.
    pub(crate) fn keep(settings: &Settings, outcome: Outcome, cause: Option<Cause>) -> Self {
        let response = page(settings, &outcome, None);
        Self(Box::new(Inner { outcome, cause, response }))
    }

    /// Ends a callback whose attempt another request ended, or should have.
    pub(crate) fn keep_known(settings: &Settings, outcome: FinalOutcome, return_to: &ReturnTo) -> Self {
        let outcome = outcome.labeled(settings.proposal.key_label.as_ref());
        let response = page(settings, &outcome, Some(return_to));
        Self(Box::new(Inner { outcome, cause: None, response }))
    }

    /// Ends an attempt: replaces its cookie with the outcome, and redirects to the callback without its query. Reload and
    /// Back then show the same page, and no code remains in the address bar.
    pub(crate) fn end(
        settings: &Settings,
        attempt: AttemptId<'_>,
        outcome: FinalOutcome,
        return_to: &ReturnTo,
        cause: Option<Cause>,
    ) -> Self {
        let labeled = outcome.labeled(settings.proposal.key_label.as_ref());
        let response = match ended_cookie(settings, attempt, outcome, return_to) {
            Ok(cookie) => {
                let mut response = response::redirect(&settings.url_of_callback(attempt.as_str()));
                response.headers_mut().insert(SET_COOKIE, cookie);
                response
            }
            // Without random bytes, the page is shown once.
            Err(_) => page(settings, &labeled, Some(return_to)),
        };
        Self(Box::new(Inner { outcome: labeled, cause, response }))
    }

    /// Shows the outcome of an attempt that ended before. Redirects a request with OpenRouter's response first, so that
    /// no code remains in the address bar.
    pub(crate) fn shown_again(
        settings: &Settings,
        attempt: AttemptId<'_>,
        ended: &Ended,
        has_response: bool,
    ) -> Self {
        let outcome = ended.outcome.labeled(settings.proposal.key_label.as_ref());
        let response = if has_response {
            response::redirect(&settings.url_of_callback(attempt.as_str()))
        } else {
            page(settings, &outcome, Some(&ended.return_to))
        };
        Self(Box::new(Inner { outcome, cause: None, response }))
    }

    /// Returns the reason why there is no key.
    pub fn outcome(&self) -> &Outcome {
        &self.0.outcome
    }

    /// Returns the error of the client or of the store of claims, if one had an error. An error of the client can be
    /// downcast to [`openrouter_oauth::Error`].
    pub fn error(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Client(error) => Some(error),
            Cause::Store(error) => Some(&**error),
        }
    }

    /// Returns the response for the browser.
    pub fn into_response(self) -> Response<String> {
        self.0.response
    }
}

/// Returns the `Set-Cookie` that replaces the pending sign-in with its outcome.
pub(crate) fn ended_cookie(
    settings: &Settings,
    attempt: AttemptId<'_>,
    outcome: FinalOutcome,
    return_to: &ReturnTo,
) -> Result<HeaderValue, BoxError> {
    let ended = Ended { outcome, at: settings.now(), return_to: return_to.clone() };
    settings.jar.seal_ended(attempt, &ended)
}

fn page(settings: &Settings, outcome: &Outcome, return_to: Option<&ReturnTo>) -> Response<String> {
    let begin = settings.begin_url(return_to);
    let continue_at = return_to.map_or(settings.url_of(&ReturnTo::root()), |page| settings.url_of(page));
    let kind = PageKind::Ended(outcome);
    let (status, action) = match outcome {
        Outcome::Denied => (StatusCode::OK, PageAction::StartAgain(&begin)),
        Outcome::AlreadyUsed => {
            (StatusCode::OK, PageAction::Continue { to: &continue_at, start_again: &begin })
        }
        Outcome::Expired => (StatusCode::GONE, PageAction::StartAgain(&begin)),
        Outcome::Rejected => (StatusCode::FORBIDDEN, PageAction::StartAgain(&begin)),
        Outcome::OutcomeUnknown { .. } => (StatusCode::BAD_GATEWAY, PageAction::StartAgain(&begin)),
        Outcome::NotOurs => (StatusCode::NOT_FOUND, PageAction::StartAgain(&begin)),
        Outcome::TryAgain { .. } | Outcome::StillRunning { .. } | Outcome::Prefetch => {
            (StatusCode::SERVICE_UNAVAILABLE, PageAction::Reload)
        }
        Outcome::WrongMethod => return response::wrong_method(settings, CALLBACK_METHODS),
    };
    response::page(settings, status, &Page::new(kind, action))
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.outcome, f)
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending")
            .field("outcome", &self.0.outcome)
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

impl StdError for Ending {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error()
    }
}
