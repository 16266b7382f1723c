//! The reason why a sign-in did not begin.

use std::sync::Arc;

use http::StatusCode;
use openrouter_oauth::{Error, transport::BoxError};

/// The reason why [`SignIn::begin`](crate::SignIn::begin) did not begin a sign-in, in the extensions of its response.
///
/// The crate logs nothing. This function logs the reason:
///
/// ```
/// use http::Response;
/// use openrouter_oauth_web::BeginError;
///
/// async fn log_begin_error<B>(response: Response<B>) -> Response<B> {
///     if let Some(error) = response.extensions().get::<BeginError>() {
///         eprintln!("the sign-in did not begin: {error}");
///     }
///     response
/// }
/// ```
///
/// In axum, add it to the router as a layer:
/// `.layer(axum::middleware::map_response(log_begin_error::<axum::body::Body>))`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// The `Origin` of the `POST` is missing, or is not the application's.
    #[error(
        "the `Origin` is not the application's; open the application at the origin that the builder of the sign-in \
         has; if it is missing or `null`, remove `Referrer-Policy: no-referrer` from the page with the form"
    )]
    ForeignOrigin,
    /// The text of the subject is empty, so the sign-in would belong to everyone.
    #[error("the subject is empty; return the ID of the user or of the session")]
    EmptySubject,
    /// `return_to` is not the path of a page outside of the mount. If it comes from a query, an attacker can
    /// choose it.
    #[error(
        "`return_to` must be a path of at most 406 bytes with one leading slash, in the characters of RFC 3986, \
         without a fragment, `.`, or `..`, and not under the mount"
    )]
    InvalidReturnTo,
    /// The application's data is too long.
    #[error("the data must have at most 256 bytes")]
    DataTooLong,
    /// `return_to` and the data do not fit into a cookie. If `return_to` comes from a query, an attacker can choose
    /// it.
    #[error("`return_to` and the data must have at most 406 bytes together")]
    TooLong,
    /// The random generator failed, or a setting of the client is invalid.
    #[error("the sign-in could not begin")]
    Client(#[source] Arc<Error>),
    /// The cookie could not be sealed, because the random generator failed.
    #[error("the cookie could not be sealed")]
    Seal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl BeginError {
    pub(super) fn seal(error: BoxError) -> Self {
        Self::Seal(error.into())
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::InvalidReturnTo | Self::TooLong => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Error> for BeginError {
    fn from(error: Error) -> Self {
        Self::Client(Arc::new(error))
    }
}
