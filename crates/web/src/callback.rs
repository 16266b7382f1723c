//! The callback of a sign-in, up to the claim.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method, request::Parts};
use openrouter_oauth::{AuthorizationCode, CallbackError, Error, PendingSignIn};

use crate::{
    cookie::{attempt::AttemptId, content::Pending, jar::Stored},
    ending::{Cause, Ending},
    outcome::{FinalOutcome, Outcome},
    return_to::ReturnTo,
    settings::Settings,
    sign_in::SignIn,
};

/// A callback that was read, but not acted on: nothing is claimed, and nothing was sent.
///
/// [`finish`](Self::finish) returns the key, or the response for every other case. It takes the callback, which cannot be
/// cloned, so a handler cannot finish it twice:
///
/// ```compile_fail,E0382
/// async fn twice(callback: openrouter_oauth_web::Callback) {
///     let first = callback.finish("17").await;
///     let second = callback.finish("17").await;
/// }
/// ```
#[must_use = "call `finish` to exchange the code and to get the response"]
pub struct Callback {
    pub(crate) settings: Arc<Settings>,
    pub(crate) read: Result<Box<Ready>, Ending>,
}

/// A callback with a code for a pending sign-in of this browser.
pub(crate) struct Ready {
    pub(crate) attempt_id: String,
    pub(crate) sign_in: PendingSignIn,
    pub(crate) code: AuthorizationCode,
    /// The keyed hash of the subject that began the sign-in.
    pub(crate) subject: [u8; 32],
    pub(crate) return_to: ReturnTo,
    pub(crate) data: Vec<u8>,
}

impl SignIn {
    /// Reads a callback. Only the last segment of its path counts, because nested routers and proxies strip the rest.
    ///
    /// The checks come in this order, and each leaves the later ones untouched: the method, prefetching, the cookie, its
    /// seal, its age, and the `state` and the code of the query.
    pub fn callback(&self, parts: &Parts) -> Callback {
        let settings = Arc::clone(&self.settings);
        let read = read(&settings, parts);
        Callback { settings, read }
    }
}

fn read(settings: &Settings, parts: &Parts) -> Result<Box<Ready>, Ending> {
    let keep = |outcome| Ending::keep(settings, outcome, None);
    if parts.method != Method::GET {
        return Err(keep(Outcome::WrongMethod));
    }
    if is_prefetch(&parts.headers) {
        return Err(keep(Outcome::Prefetch));
    }
    let jar = &settings.jar;
    let attempt = AttemptId::from_path(parts.uri.path()).ok_or_else(|| keep(Outcome::NotOurs))?;
    let value = jar.find(&parts.headers, attempt).ok_or_else(|| keep(Outcome::NotOurs))?;
    match jar.open(attempt, value).ok_or_else(|| keep(Outcome::NotOurs))? {
        Stored::Pending(pending) => ready(settings, attempt, pending, parts.uri.query().unwrap_or_default()),
        Stored::Ended(ended) => {
            let has_response = parts.uri.query().is_some_and(is_response);
            Err(Ending::shown_again(settings, attempt, &ended, has_response))
        }
    }
}

fn ready(
    settings: &Settings,
    attempt: AttemptId<'_>,
    pending: Pending,
    query: &str,
) -> Result<Box<Ready>, Ending> {
    let Pending { parts, subject, return_to, data } = pending;
    let end = |outcome, cause| Ending::end(settings, attempt, outcome, &return_to, cause);
    if !settings.is_current(parts.begun_at) {
        return Err(end(FinalOutcome::Expired, None));
    }
    let (origin, label) = (&settings.jar.service, settings.proposal.key_label.clone());
    let sign_in = PendingSignIn::from_secret_parts(parts, origin, &settings.callback_url, label)
        .map_err(|error| Ending::keep(settings, Outcome::NotOurs, Some(Cause::Client(error))))?;
    let code = sign_in.read_query(attempt.as_str(), query).map_err(|error| {
        let outcome = final_outcome(&error);
        let cause = Some(Cause::Client(Error::from(error)));
        match outcome {
            Some(outcome) => end(outcome, cause),
            None => Ending::keep(settings, Outcome::NotOurs, cause),
        }
    })?;
    let attempt_id = attempt.as_str().to_owned();
    Ok(Box::new(Ready { attempt_id, sign_in, code, subject, return_to, data }))
}

/// Returns whether a query has a parameter of OpenRouter's response. A proxy may add others to every request.
fn is_response(query: &str) -> bool {
    // As in `crates/sdk/src/sign_in/callback.rs`.
    const RESERVED_PARAMETERS: [&str; 4] = ["code", "state", "error", "error_description"];
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| RESERVED_PARAMETERS.contains(&&*name))
}

/// Returns the outcome if the error ends the sign-in.
fn final_outcome(error: &CallbackError) -> Option<FinalOutcome> {
    match error {
        CallbackError::Denied { .. } => Some(FinalOutcome::Denied),
        error => error.ends_sign_in().then_some(FinalOutcome::Rejected),
    }
}

/// Returns whether a browser fetches the page before the user opens it. The code must wait for the user.
fn is_prefetch(headers: &HeaderMap) -> bool {
    let is_set = |name: &str| {
        headers.get_all(name).iter().any(|value| {
            let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
            ["prefetch", "prerender", "preview"].iter().any(|purpose| value.contains(purpose))
        })
    };
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].into_iter().any(is_set)
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("ending", &self.read.as_ref().err()).finish_non_exhaustive()
    }
}
