//! Faults that tests inject.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};

use crate::http::route::Route;

/// A fault that affects the next matching request, once.
///
/// Pass it to [`Emulator::inject`](crate::Emulator::inject). Without [`on`](Self::on), it matches the next request for
/// any path except `/` and those under `/emulator`.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_emulator::{Emulator, Fault};
///
/// let emulator = Emulator::new();
/// emulator.inject(Fault::status(503).header("Retry-After", "2").on("/auth/keys"));
/// emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
/// emulator.inject(Fault::delay(Duration::from_secs(1)));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    path: Option<String>,
    pub(crate) effect: Effect,
}

#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Respond(CannedResponse),
    Delay(Duration),
    CutAfter(usize),
    ContentType(String),
    DropBeforeCommit,
    DropAfterCommit,
}

/// A response that does not depend on the request.
#[derive(Clone, Debug)]
pub(crate) struct CannedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: Option<Bytes>,
}

impl Fault {
    /// Responds with this status without processing the request: no code is used up, and no key is created.
    ///
    /// The body is the error envelope of the endpoint, unless [`body`](Self::body) sets another. If the status is not
    /// a final one (200 to 999), the emulator responds with a 500 that reports it.
    pub fn status(status: u16) -> Self {
        Self::from(Effect::Respond(CannedResponse { status, headers: Vec::new(), body: None }))
    }

    /// Redirects to `location` with this status, without processing the request.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::status(status).header("Location", location).body(Bytes::new())
    }

    /// Processes the request and delays the response.
    pub fn delay(delay: Duration) -> Self {
        Self::from(Effect::Delay(delay))
    }

    /// Processes the request and breaks the connection after this many bytes of the response, including its head.
    ///
    /// In memory, any number breaks the connection, because there is no head to count.
    pub fn cut_after(bytes: usize) -> Self {
        Self::from(Effect::CutAfter(bytes))
    }

    /// Processes the request and changes the content type of the response.
    pub fn wrong_content_type(content_type: impl Into<String>) -> Self {
        Self::from(Effect::ContentType(content_type.into()))
    }

    /// Breaks the connection after reading the request, without processing it: a code stays valid.
    pub fn drop_before_commit() -> Self {
        Self::from(Effect::DropBeforeCommit)
    }

    /// Processes the request and breaks the connection instead of responding: a key may have been created, but the
    /// client does not receive it.
    pub fn drop_after_commit() -> Self {
        Self::from(Effect::DropAfterCommit)
    }

    /// Limits the fault to requests for this path, with or without the leading `/api/v1`.
    pub fn on(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets the body of a [`status`](Self::status) or [`redirect`](Self::redirect). Other faults have no body of their
    /// own.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Effect::Respond(canned) = &mut self.effect {
            canned.body = Some(body.into());
        }
        self
    }

    /// Sets the content type of [`body`](Self::body), which is `application/json` by default.
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Adds a header to a [`status`](Self::status) or [`redirect`](Self::redirect).
    ///
    /// If the header is not valid in HTTP, the emulator responds with a 500 that reports it. The same goes for
    /// `Content-Length` and `Transfer-Encoding`, which the connection sets itself (RFC 9112, section 6). To cut a
    /// response short, use [`cut_after`](Self::cut_after).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Effect::Respond(canned) = &mut self.effect {
            canned.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Checks that HTTP can carry the fault.
    ///
    /// # Errors
    ///
    /// If the fault cannot be sent over HTTP.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.effect {
            Effect::Respond(canned) => canned.to_response(|_| Bytes::new()).map(drop),
            Effect::ContentType(content_type) => content_type_value(content_type).map(drop),
            Effect::Delay(_) | Effect::CutAfter(_) | Effect::DropBeforeCommit | Effect::DropAfterCommit => {
                Ok(())
            }
        }
    }

    fn matches(&self, route: Option<Route>, path: &str) -> bool {
        match (&self.path, route) {
            (_, Some(route)) if route.is_control() => false,
            (None, _) => true,
            (Some(wanted), Some(route)) => route.matches(wanted),
            (Some(wanted), None) => wanted == path,
        }
    }
}

/// Parses a content type as a header value.
///
/// # Errors
///
/// If `content_type` is not a valid header value.
pub(crate) fn content_type_value(content_type: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(content_type).map_err(|_| "the content type is not a valid header value".to_owned())
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self { path: None, effect }
    }
}

impl CannedResponse {
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

/// The faults that wait for a matching request, oldest first.
#[derive(Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    /// The largest number of faults. When there are more, the oldest is dropped.
    pub(crate) const LIMIT: usize = 1024;

    pub(crate) fn push(&mut self, fault: Fault) {
        if self.0.len() == Self::LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(fault);
    }

    /// Removes and returns the oldest fault that matches.
    pub(crate) fn take(&mut self, route: Option<Route>, path: &str) -> Option<Fault> {
        let position = self.0.iter().position(|fault| fault.matches(route, path))?;
        self.0.remove(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_waits_for_its_path_and_happens_once() {
        let mut faults = Faults::default();
        faults.push(Fault::status(500).on("/auth/keys"));
        let key = "/api/v1/key";
        assert!(faults.take(Route::from_path(key), key).is_none());
        let exchange = "/api/v1/auth/keys";
        assert!(faults.take(Route::from_path(exchange), exchange).is_some());
        assert!(faults.take(Route::from_path(exchange), exchange).is_none());
    }

    #[test]
    fn faults_do_not_affect_control_paths() {
        let mut faults = Faults::default();
        faults.push(Fault::status(500));
        let path = "/emulator/log";
        assert!(faults.take(Route::from_path(path), path).is_none());
    }

    #[test]
    fn number_of_faults_is_bounded() {
        let mut faults = Faults::default();
        for _ in 0..Faults::LIMIT + 10 {
            faults.push(Fault::delay(Duration::ZERO));
        }
        assert_eq!(faults.0.len(), Faults::LIMIT);
    }

    #[test]
    fn fault_that_http_cannot_carry_is_invalid() {
        for fault in [
            Fault::status(100),
            Fault::status(1000),
            Fault::status(500).header("a b", "c"),
            Fault::status(500).header("a", "b\r\nc"),
            Fault::status(500).header("Content-Length", "5"),
            Fault::status(500).header("transfer-encoding", "gzip"),
            Fault::wrong_content_type("a\r\nb"),
        ] {
            assert!(fault.check().is_err(), "{fault:?}");
        }
        assert!(Fault::redirect(307, "http://evil.example/").check().is_ok());
    }
}
