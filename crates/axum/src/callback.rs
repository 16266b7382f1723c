//! The extractor of a callback.

use std::{error::Error, fmt};

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use openrouter_oauth_web::{Connected, SignIn, Subject};

use crate::not_connected::NotConnected;

/// The callback of a sign-in, for the handler that [`router`](crate::SignInRouter::router) takes. It must be the last
/// extractor, so that the others run first: nothing is claimed or sent before [`finish`](Self::finish).
#[derive(Debug)]
#[must_use = "call `finish` to exchange the code and to get the response"]
pub struct Callback(openrouter_oauth_web::Callback);

impl Callback {
    /// Checks that `subject` began the sign-in, claims the attempt, and exchanges the code.
    ///
    /// # Errors
    ///
    /// [`NotConnected`], which is the response for the browser.
    pub fn finish<S: Subject + ?Sized>(
        self,
        subject: &S,
    ) -> impl Future<Output = Result<Connected, NotConnected>> + Send + use<S> {
        let finish = self.0.finish(subject);
        async move { finish.await.map_err(NotConnected::from) }
    }
}

/// The sign-in in the extensions of a callback. It is private, so that only the router can let a handler finish one.
#[derive(Clone)]
pub(crate) struct Mounted(pub(crate) SignIn);

impl<S: Sync> FromRequest<S> for Callback {
    type Rejection = MissingSignIn;

    async fn from_request(request: Request, _: &S) -> Result<Self, MissingSignIn> {
        let (parts, _) = request.into_parts();
        let Mounted(sign_in) = parts.extensions.get().ok_or(MissingSignIn)?;
        Ok(Self(sign_in.callback(&parts)))
    }
}

/// The rejection of [`Callback`] in a handler that [`router`](crate::SignInRouter::router) does not call. It is a
/// response with the status 500.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MissingSignIn;

impl fmt::Display for MissingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only the handler that was passed to `router` can extract a callback")
    }
}

impl Error for MissingSignIn {}

impl IntoResponse for MissingSignIn {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
