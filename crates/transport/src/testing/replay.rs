//! A transport that responds from a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};

use super::lock::lock;
use crate::{Error, ErrorKind, Limits, ResponseFuture, Transport};

/// Responds to requests from a script, in order, and compares what was sent with what was expected.
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

/// One step of a [`Replay`]: a response, and the request that it is for.
#[derive(Debug)]
pub struct ReplayStep {
    request: Option<Request<Bytes>>,
    response: Result<Response<Bytes>, Error>,
}

impl ReplayStep {
    /// Responds with this to any request.
    pub fn new(response: Result<Response<Bytes>, Error>) -> Self {
        Self { request: None, response }
    }

    /// Expects this request; [`Replay::verify`] compares it.
    #[must_use]
    pub fn to(mut self, request: Request<Bytes>) -> Self {
        self.request = Some(request);
        self
    }
}

impl Replay {
    /// A transport that plays `script`.
    pub fn new(script: impl IntoIterator<Item = ReplayStep>) -> Self {
        let script = Script { left: script.into_iter().collect(), sent: Vec::new(), expected: Vec::new() };
        Self { script: Arc::new(Mutex::new(script)) }
    }

    /// What was sent so far.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.script).sent.clone()
    }

    /// Checks that the whole script was played and that each request was the expected one, by method, URI, body and
    /// the headers that were expected.
    ///
    /// # Panics
    ///
    /// If not. The message names the step and the part that differs, and shows no body.
    #[track_caller]
    pub fn verify(&self) {
        let script = lock(&self.script);
        assert!(script.left.is_empty(), "{} responses were not used", script.left.len());
        let beyond = script.sent.len() - script.expected.len();
        assert!(beyond == 0, "{beyond} requests were sent beyond the script");
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
    /// Those of the script, and [`ErrorKind::Other`] when it is over.
    fn send(&self, request: Request<Bytes>, _limits: Limits) -> ResponseFuture<'_> {
        let mut script = lock(&self.script);
        script.sent.push(request);
        let response = match script.left.pop_front() {
            Some(step) => {
                script.expected.push(step.request);
                step.response
            }
            None => Err(Error::new(ErrorKind::Other, "the script of this replay is over")),
        };
        Box::pin(std::future::ready(response))
    }
}
