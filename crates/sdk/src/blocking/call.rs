//! Sending a call.

use openrouter_oauth_models::Endpoint;
use openrouter_oauth_transport::block_on;

use crate::{
    call::{self, mode::Blocking, response::ApiResponse},
    error::Error,
};

/// A call to an endpoint. [`send`](Self::send) sends it.
pub type Call<E> = call::Call<E, Blocking>;

impl<E: Endpoint> call::Call<E, Blocking> {
    /// Sends the call, and blocks until it ends. Returns the value.
    ///
    /// # Errors
    ///
    /// See [`Error`]. These errors occur before anything is sent: [`Error::Invalid`] for an invalid option,
    /// [`Error::MissingKey`], and [`Error::KeySource`].
    pub fn send(self) -> Result<E::Response, Error> {
        self.send_with_response().map(ApiResponse::into_inner)
    }

    /// Like [`send`](Self::send). Also returns the status, the headers, and the number of attempts.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn send_with_response(self) -> Result<ApiResponse<E::Response>, Error> {
        block_on(self.run())
    }
}
