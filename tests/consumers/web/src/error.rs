//! The error of the handlers.

use std::error::Error;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::page;

/// An unexpected error: a log entry, and a page without details.
pub(crate) struct AppError(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl AppError {
    pub(crate) fn log(&self) {
        tracing::error!(error = &*self.0 as &(dyn Error + 'static), "failed");
    }
}

/// Logs an error that need not keep the user from the page.
pub(crate) fn logged<T: Default>(result: Result<T, AppError>) -> T {
    result.inspect_err(AppError::log).unwrap_or_default()
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        self.log();
        page::problem(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong. Please try again later.", "/")
    }
}
