//! Faults that tests inject.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header::CONTENT_TYPE};

use crate::{
    GatewayResponse,
    canned_response::{CannedResponse, Sender},
    http::route::{Route, is_control},
};

/// A fault that affects the next matching request, once.
///
/// Pass it to [`Emulator::inject`](crate::Emulator::inject). Without [`on`](Self::on), it matches the next request for
/// any path except `/` and those under `/emulator`. `HEAD` requests count too. `OPTIONS` requests to the API do not,
/// because a browser sends them before the request of a web page that the fault is meant for.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_emulator::{Emulator, Fault, GatewayResponse};
///
/// let emulator = Emulator::new();
/// emulator.inject(Fault::status(503).header("Retry-After", "2").on("/auth/keys"));
/// emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
/// emulator.inject(Fault::gateway(GatewayResponse::Envoy503).after_commit().on("/auth/keys"));
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
    Respond {
        canned: CannedResponse,
        after_commit: bool,
    },
    Delay(Duration),
    CutAfter(usize),
    ContentType(String),
    DropBeforeCommit,
    DropAfterCommit,
    /// A fault with a setting that it cannot have, and the reason.
    Invalid(&'static str),
}

impl Fault {
    /// Responds with this status without processing the request: no code is used up, and no key is created. With
    /// [`after_commit`](Self::after_commit), the service processes it first.
    ///
    /// The body is the error envelope of the endpoint, unless [`body`](Self::body) sets another. If the status is not
    /// a final one (200 to 999), the emulator responds with a 500 that reports it.
    pub fn status(status: u16) -> Self {
        Self::from(CannedResponse::new(Sender::Service, status))
    }

    /// Redirects to `location` with this status, like [`status`](Self::status).
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Self::status(status).header("Location", location).body(Bytes::new())
    }

    /// Responds as a gateway would, without processing the request: a code stays valid. With
    /// [`after_commit`](Self::after_commit), the service processes it first.
    ///
    /// The response is not the service's. It has no CORS headers, and only Cloudflare's responses have a `cf-ray`.
    pub fn gateway(response: GatewayResponse) -> Self {
        Self::from(response.to_canned())
    }

    /// Lets the service process the request before the [`status`](Self::status), [`redirect`](Self::redirect), or
    /// [`gateway`](Self::gateway) replaces the response: a key may have been created, but the client does not receive
    /// it.
    ///
    /// Of the gateways, use it with the 502, 503, 504, 520, and 524 responses. The other gateways respond without
    /// forwarding the request.
    ///
    /// Any other fault becomes invalid, and the emulator responds with a 500 that reports it.
    pub fn after_commit(mut self) -> Self {
        if let Effect::Respond { after_commit, .. } = &mut self.effect {
            *after_commit = true;
        } else {
            self.effect =
                Effect::Invalid("only a status, a redirect, and a gateway can come after the commit");
        }
        self
    }

    /// Processes the request and delays the response, by at most ten minutes.
    ///
    /// If the delay is longer, the emulator responds with a 500 that reports it.
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

    /// Sets the body of a [`status`](Self::status) or [`redirect`](Self::redirect). Any other fault becomes invalid,
    /// and the emulator responds with a 500 that reports it.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        self.with_own_response(|canned| canned.set_body(body.into()))
    }

    /// Sets the content type of [`body`](Self::body), which is `application/json` by default.
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Adds a header to a [`status`](Self::status) or [`redirect`](Self::redirect). Any other fault becomes invalid, as
    /// with [`body`](Self::body).
    ///
    /// If the header is not valid in HTTP, the emulator responds with a 500 that reports it. The same goes for
    /// `Content-Length` and `Transfer-Encoding`, which the connection sets itself (RFC 9112, section 6). To cut a
    /// response short, use [`cut_after`](Self::cut_after).
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with_own_response(|canned| canned.add_header(name.into(), value.into()))
    }

    fn with_own_response(mut self, change: impl FnOnce(&mut CannedResponse)) -> Self {
        match &mut self.effect {
            Effect::Respond { canned, .. } if canned.sender == Sender::Service => change(canned),
            _ => {
                self.effect = Effect::Invalid("only a status and a redirect can have a body and headers");
            }
        }
        self
    }

    /// Checks that the fault can be delivered.
    ///
    /// # Errors
    ///
    /// If HTTP cannot carry the fault, or if it takes too long.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.effect {
            Effect::Respond { canned, .. } => canned.to_response(|_| Bytes::new()).map(drop),
            Effect::ContentType(content_type) => content_type_value(content_type).map(drop),
            Effect::Delay(delay) => check_delay(*delay),
            Effect::CutAfter(_) | Effect::DropBeforeCommit | Effect::DropAfterCommit => Ok(()),
            Effect::Invalid(why) => Err((*why).to_owned()),
        }
    }

    fn matches(&self, route: Option<Route>, path: &str) -> bool {
        match (&self.path, route) {
            _ if is_control(path) => false,
            (None, _) => true,
            (Some(wanted), Some(route)) => route.matches(wanted),
            (Some(wanted), None) => wanted == path,
        }
    }
}

/// The longest delay.
const DELAY_LIMIT: Duration = Duration::from_secs(600);

/// Checks that a delay ends in the lifetime of a test.
///
/// # Errors
///
/// If the delay is longer than ten minutes.
pub(crate) fn check_delay(delay: Duration) -> Result<(), String> {
    if delay <= DELAY_LIMIT {
        return Ok(());
    }
    Err(format!("a delay can be at most {} milliseconds", DELAY_LIMIT.as_millis()))
}

/// Parses a content type as a header value.
///
/// # Errors
///
/// If `content_type` is not a valid header value.
pub(crate) fn content_type_value(content_type: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(content_type).map_err(|_| "the content type is not a valid header value".to_owned())
}

impl From<CannedResponse> for Fault {
    fn from(canned: CannedResponse) -> Self {
        Self::from(Effect::Respond { canned, after_commit: false })
    }
}

impl From<Effect> for Fault {
    fn from(effect: Effect) -> Self {
        Self { path: None, effect }
    }
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
    fn fault_that_cannot_be_delivered_is_invalid() {
        for fault in [
            Fault::status(100),
            Fault::status(1000),
            Fault::status(500).header("a b", "c"),
            Fault::status(500).header("a", "b\r\nc"),
            Fault::status(500).header("Content-Length", "5"),
            Fault::status(500).header("transfer-encoding", "gzip"),
            Fault::wrong_content_type("a\r\nb"),
            Fault::delay(Duration::from_millis(600_001)),
            Fault::delay(Duration::ZERO).after_commit(),
            Fault::drop_before_commit().after_commit(),
            Fault::wrong_content_type("text/html").after_commit(),
            Fault::cut_after(1).body("x"),
            Fault::gateway(GatewayResponse::Nginx502).header("a", "b"),
        ] {
            assert!(fault.check().is_err(), "{fault:?}");
        }
        assert!(Fault::delay(Duration::from_secs(600)).check().is_ok());
        assert!(Fault::redirect(307, "http://evil.example/").check().is_ok());
    }
}
