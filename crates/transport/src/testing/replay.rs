//! A transport that follows a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};

use super::lock::lock;
use crate::{Error, ErrorKind, Limits, ResponseFuture, Transport};

/// A transport that returns scripted responses in order, and compares the requests with expected ones.
///
/// Clones share the script.
///
/// ```
/// use http::{Request, Response};
/// use openrouter_oauth_transport::{ErrorKind, testing::{ReplayStep, Replay}};
///
/// let replay = Replay::new([
///     ReplayStep::new(Err(ErrorKind::Connect.into())),
///     ReplayStep::new(Ok(Response::new("{}".into())))
///         .to(Request::get("https://openrouter.ai/api/v1/key").body("".into()).unwrap()),
/// ]);
/// // … give `replay.clone()` to a client, then:
/// assert_eq!(replay.requests().len(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Replay {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug)]
struct Script {
    left: VecDeque<ReplayStep>,
    sent: Vec<Request<Bytes>>,
    expected: Vec<Option<Request<Bytes>>>,
}

/// One step of a [`Replay`]: a response, and optionally the expected request.
#[derive(Debug)]
pub struct ReplayStep {
    request: Option<Request<Bytes>>,
    response: Result<Response<Bytes>, Error>,
}

impl ReplayStep {
    /// Creates a step that returns `response` for any request.
    pub fn new(response: Result<Response<Bytes>, Error>) -> Self {
        Self { request: None, response }
    }

    /// Sets the expected request, which [`Replay::verify`] compares with the sent one.
    #[must_use]
    pub fn to(mut self, request: Request<Bytes>) -> Self {
        self.request = Some(request);
        self
    }
}

impl Replay {
    /// Creates a transport that follows `script`.
    pub fn new(script: impl IntoIterator<Item = ReplayStep>) -> Self {
        let script = Script { left: script.into_iter().collect(), sent: Vec::new(), expected: Vec::new() };
        Self { script: Arc::new(Mutex::new(script)) }
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.script).sent.clone()
    }

    /// Checks that the whole script was used and that each request matches the expected one.
    ///
    /// Compares the method, the URI, the body, and the expected headers. A request may have more headers.
    ///
    /// # Panics
    ///
    /// Panics if a check fails. The message names the step and the part that differs. It does not show the body.
    #[track_caller]
    pub fn verify(&self) {
        let script = lock(&self.script);
        assert!(script.left.is_empty(), "{} responses were not used", script.left.len());
        let beyond = script.sent.len() - script.expected.len();
        assert!(beyond == 0, "{beyond} requests were sent after the end of the script");
        for (step, (sent, expected)) in script.sent.iter().zip(&script.expected).enumerate() {
            let Some(expected) = expected else { continue };
            assert!(sent.method() == expected.method(), "request {step}: the method differs");
            assert!(sent.uri() == expected.uri(), "request {step}: the URI differs");
            for (name, value) in expected.headers() {
                assert!(sent.headers().get(name) == Some(value), "request {step}: the header {name} differs");
            }
            assert!(sent.body() == expected.body(), "request {step}: the body differs");
        }
    }
}

impl Transport for Replay {
    /// # Errors
    ///
    /// Returns the errors of the script, and [`ErrorKind::Other`] after its end.
    fn send(&self, request: Request<Bytes>, _limits: Limits) -> ResponseFuture<'_> {
        let mut script = lock(&self.script);
        script.sent.push(request);
        let response = match script.left.pop_front() {
            Some(step) => {
                script.expected.push(step.request);
                step.response
            }
            None => Err(Error::new(ErrorKind::Other, "the replay script has no more responses")),
        };
        Box::pin(std::future::ready(response))
    }
}
