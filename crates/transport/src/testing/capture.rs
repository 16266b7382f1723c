//! A transport that keeps the one request it is to see.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};

use super::lock::lock;
use crate::{Limits, ResponseFuture, Transport};

/// Responds to every request with the same response and keeps what it was sent.
///
/// Clones share what they keep: give one to the client and ask the other.
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
    /// A transport that responds with `response`.
    pub fn new(response: Response<Bytes>) -> Self {
        Self { response, sent: Arc::default() }
    }

    /// The one request that was sent, and forgets it.
    ///
    /// # Panics
    ///
    /// If there was none, or more than one.
    #[track_caller]
    pub fn expect_request(&self) -> Request<Bytes> {
        self.expect_request_and_limits().0
    }

    /// The one request that was sent with the limits it came with, and forgets both.
    ///
    /// # Panics
    ///
    /// If there was none, or more than one.
    #[track_caller]
    pub fn expect_request_and_limits(&self) -> (Request<Bytes>, Limits) {
        let mut sent = lock(&self.sent);
        let count = sent.len();
        match (sent.pop(), count) {
            (Some(one), 1) => one,
            _ => panic!("{count} requests were sent where one was expected"),
        }
    }

    /// Checks that nothing was sent.
    ///
    /// # Panics
    ///
    /// If something was.
    #[track_caller]
    pub fn expect_no_request(&self) {
        let count = lock(&self.sent).len();
        assert!(count == 0, "{count} requests were sent where none was expected");
    }
}

impl Transport for Capture {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        lock(&self.sent).push((request, limits));
        Box::pin(async { Ok(self.response.clone()) })
    }
}
