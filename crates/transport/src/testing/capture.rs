//! A transport that records requests.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};

use super::lock::lock;
use crate::{Limits, ResponseFuture, Transport};

/// A transport that returns the same response to every request, and records the requests.
///
/// Clones share one record: give a clone to the client, and check the original.
///
/// ```
/// use http::Response;
/// use openrouter_oauth_transport::testing::Capture;
///
/// let capture = Capture::new(Response::new("{}".into()));
/// // … give `capture.clone()` to a client …
/// capture.expect_no_request();
/// ```
#[derive(Clone, Debug)]
pub struct Capture {
    response: Response<Bytes>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

type Sent = (Request<Bytes>, Limits);

impl Capture {
    /// Creates a transport that responds with `response`.
    pub fn new(response: Response<Bytes>) -> Self {
        Self { response, sent: Arc::default() }
    }

    /// Returns the one request that was sent, and removes it from the record.
    ///
    /// # Panics
    ///
    /// Panics unless the record has exactly one request.
    #[track_caller]
    pub fn expect_request(&self) -> Request<Bytes> {
        self.expect_request_and_limits().0
    }

    /// Returns the one request that was sent and its limits, and removes them from the record.
    ///
    /// # Panics
    ///
    /// Panics unless the record has exactly one request.
    #[track_caller]
    pub fn expect_request_and_limits(&self) -> (Request<Bytes>, Limits) {
        let mut sent = lock(&self.sent);
        let count = sent.len();
        match (sent.pop(), count) {
            (Some(one), 1) => one,
            _ => panic!("expected 1 request, but {count} were sent"),
        }
    }

    /// Checks that no request was sent.
    ///
    /// # Panics
    ///
    /// Panics if the record has a request.
    #[track_caller]
    pub fn expect_no_request(&self) {
        let count = lock(&self.sent).len();
        assert!(count == 0, "expected no requests, but {count} were sent");
    }
}

impl Transport for Capture {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        lock(&self.sent).push((request, limits));
        Box::pin(async { Ok(self.response.clone()) })
    }
}
