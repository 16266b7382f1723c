//! The error for a successful response that is not the expected one.

use std::{error::Error as StdError, fmt};

use http::{StatusCode, response::Parts};
use openrouter_oauth_models::{ServerText, content_encoding, content_type, foreign_response, request_id};
use openrouter_oauth_transport::BoxError;

/// The error for a 2XX response to an idempotent operation that is not the operation's result. For example, a network's
/// sign-in page responds with 200 and HTML.
///
/// [`source`](StdError::source) returns the position at which the body is not the expected JSON, or says that the body is
/// too large.
#[derive(Debug)]
pub struct UnexpectedResponse {
    activity: &'static str,
    status: StatusCode,
    content_type: Option<ServerText>,
    content_encoding: Option<ServerText>,
    request_id: Option<ServerText>,
    source: BoxError,
}

impl UnexpectedResponse {
    pub(crate) fn new(activity: &'static str, head: &Parts, source: BoxError) -> Self {
        Self {
            activity,
            status: head.status,
            content_type: content_type(&head.headers),
            content_encoding: content_encoding(&head.headers),
            request_id: request_id(&head.headers),
            source,
        }
    }

    /// Returns the status, which is always 2XX.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the media type of the body, such as `text/html`.
    pub fn content_type(&self) -> Option<&ServerText> {
        self.content_type.as_ref()
    }

    /// Returns the content encoding of the body, such as `gzip`. The client never asks for one.
    pub fn content_encoding(&self) -> Option<&ServerText> {
        self.content_encoding.as_ref()
    }

    /// Returns the server's ID of the request (`cf-ray` or `x-request-id`), for its support team.
    pub fn request_id(&self) -> Option<&ServerText> {
        self.request_id.as_ref()
    }

    fn is_json(&self) -> bool {
        self.content_type.as_ref().is_some_and(|essence| essence.as_str().ends_with("json"))
    }
}

impl fmt::Display for UnexpectedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { activity, status, .. } = self;
        if self.is_json() {
            write!(f, "{activity} failed: the response ({status}) is not the expected JSON")?;
        } else {
            f.write_str(&foreign_response(*status, self.content_type.as_ref()))?;
        }
        match &self.content_encoding {
            Some(encoding) => write!(f, " (content encoding {encoding})"),
            None => Ok(()),
        }
    }
}

impl StdError for UnexpectedResponse {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
