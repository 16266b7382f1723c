//! Responses that do not depend on the request.

use bytes::Bytes;
use http::{
    HeaderName, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};

/// A response that does not depend on the request.
#[derive(Clone, Debug)]
pub(crate) struct CannedResponse {
    pub(crate) sender: Sender,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Option<Bytes>,
}

/// The sender of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sender {
    /// The service, with its error envelope and the headers of its API.
    Service,
    /// Something between the client and the service.
    Gateway,
}

impl CannedResponse {
    pub(crate) fn new(sender: Sender, status: u16) -> Self {
        Self { sender, status, headers: Vec::new(), body: None }
    }

    pub(crate) fn with_header(mut self, name: &HeaderName, value: &str) -> Self {
        self.add_header(name.as_str().to_owned(), value.to_owned());
        self
    }

    pub(crate) fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.set_body(body.into());
        self
    }

    pub(crate) fn add_header(&mut self, name: String, value: String) {
        self.headers.push((name, value));
    }

    pub(crate) fn set_body(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    /// Builds the response; `envelope` returns the body if none was set.
    ///
    /// # Errors
    ///
    /// If the response cannot be sent over HTTP.
    pub(crate) fn to_response(
        &self,
        envelope: impl FnOnce(StatusCode) -> Bytes,
    ) -> Result<Response<Bytes>, String> {
        let status = StatusCode::from_u16(self.status)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or_else(|| format!("a response cannot have the status {}", self.status))?;
        let mut builder = Response::builder().status(status);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())) {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            if is_framing(name) {
                return Err(format!("the connection sets {name} itself"));
            }
            builder = builder.header(name, value);
        }
        let body = self.body.clone().unwrap_or_else(|| envelope(status));
        builder.body(body).map_err(|error| error.to_string())
    }
}

/// Returns whether a header determines where the message ends. In debug builds, hyper panics if it contradicts the
/// body.
fn is_framing(name: &str) -> bool {
    [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|framing| name.eq_ignore_ascii_case(framing.as_str()))
}
