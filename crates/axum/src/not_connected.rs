//! The response to a callback without a key.

use std::{error::Error, fmt};

use axum::response::{IntoResponse, Response};
use openrouter_oauth_web::{Ending, Outcome};

/// The response of a handler whose callback ended without a key. Return it with `?`.
///
/// It is not an [`Error`](std::error::Error), so that `?` cannot turn it into the 500 of an error type that accepts all
/// errors, such as `anyhow`'s. A handler that also fails otherwise returns [`axum::response::Result`]:
///
/// ```
/// use axum::response::Result;
/// use http::{Response, StatusCode};
/// use openrouter_oauth_axum::{Callback, Subject};
///
/// async fn connected<User: Subject>(user: User, callback: Callback) -> Result<Response<String>> {
///     let connected = callback.finish(&user).await?;
///     store(connected.key()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
///     Ok(connected.done().await)
/// }
/// # fn store(_: &openrouter_oauth::ApiKey) -> Result<(), std::fmt::Error> { Ok(()) }
/// ```
///
/// Its `Display` is meant for a log. Neither it nor the response contains a secret or a text of the server.
///
/// ```compile_fail
/// # use openrouter_oauth_axum::NotConnected;
/// fn into_any_error(end: NotConnected) -> Box<dyn std::error::Error> {
///     end.into()
/// }
/// ```
#[derive(Debug)]
#[must_use = "the browser needs the response"]
pub struct NotConnected(Ending);

impl NotConnected {
    /// Returns the reason why there is no key.
    pub fn outcome(&self) -> &Outcome {
        self.0.outcome()
    }

    /// Returns the error of the client or of the store of claims, if one had an error.
    pub fn error(&self) -> Option<&(dyn Error + 'static)> {
        self.0.error()
    }
}

impl From<Ending> for NotConnected {
    fn from(ending: Ending) -> Self {
        Self(ending)
    }
}

impl IntoResponse for NotConnected {
    fn into_response(self) -> Response {
        self.0.into_response().into_response()
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
