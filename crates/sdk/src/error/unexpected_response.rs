//! The error for a successful response that is not the expected one.

use std::{error::Error as StdError, fmt};

use http::StatusCode;
use openrouter_oauth_models::{ApiError, ServerText};
use openrouter_oauth_transport::BoxError;

/// The error for a 2XX response to an idempotent operation that is not the operation's result. For example, a network's
/// sign-in page responds with 200 and HTML.
///
/// The [`source`](StdError::source) reports where the body is not the expected JSON, or that the body is too large.
#[derive(Debug)]
pub struct UnexpectedResponse {
    activity: &'static str,
    response: ApiError,
    source: BoxError,
}

impl UnexpectedResponse {
    pub(crate) fn new(activity: &'static str, response: ApiError, source: BoxError) -> Self {
        Self { activity, response, source }
    }

    /// Returns the status, which is always 2XX.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the media type of the body, such as `text/html`.
    pub fn content_type(&self) -> Option<ServerText> {
        self.response.content_type()
    }

    /// Returns the content encoding of the body, such as `gzip`. The client never asks for one.
    pub fn content_encoding(&self) -> Option<ServerText> {
        self.response.content_encoding()
    }

    /// Returns the server's ID for the request (`cf-ray` or `x-request-id`). Quote it when you contact OpenRouter's
    /// support.
    pub fn request_id(&self) -> Option<ServerText> {
        self.response.request_id()
    }

    fn is_json(&self) -> bool {
        self.content_type().is_some_and(|essence| essence.as_str().ends_with("json"))
    }
}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_json() {
            // This error response is never OpenRouter's, so its text says what arrived instead.
            return fmt::Display::fmt(&self.response, f);
        }
        let Self { activity, response, .. } = self;
        write!(f, "{activity} failed: the response ({}) is not the expected JSON", response.status())?;
        if let Some(encoding) = self.content_encoding() {
            write!(f, " (content encoding {encoding})")?;
        }
        match self.request_id() {
            Some(id) => write!(f, " (request ID {id})"),
            None => Ok(()),
        }
    }
}

impl StdError for UnexpectedResponse {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
