//! A request body that records whether hyper has begun to send it.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use openrouter_oauth_transport::BoxError;

/// A request body. Once its [`Sending`] has given up, it fails instead of being sent.
pub(crate) struct RequestBody {
    bytes: Full<Bytes>,
    sending: Sending,
}

/// The decision whether a body is sent. The first call of `begin` or `give_up` makes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sending(Arc<OnceLock<bool>>);

impl RequestBody {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let sending = Sending::default();
        if bytes.is_empty() {
            // Hyper does not poll an empty body.
            sending.begin();
        }
        Self { bytes: Full::new(bytes), sending }
    }

    pub(crate) fn sending(&self) -> Sending {
        self.sending.clone()
    }
}

impl Sending {
    /// Returns whether the body may be sent, which is false after [`give_up`](Self::give_up).
    fn begin(&self) -> bool {
        *self.0.get_or_init(|| true)
    }

    /// Prevents the body from being sent. Returns false if hyper may have begun to send it.
    ///
    /// If it returns true, the server cannot act on the request, because the body is missing.
    pub(crate) fn give_up(&self) -> bool {
        !*self.0.get_or_init(|| false)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if !self.sending.begin() {
            return Poll::Ready(Some(Err("the deadline passed before the body was sent".into())));
        }
        Pin::new(&mut self.bytes).poll_frame(context).map_err(|never| match never {})
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("sending", &self.sending).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn poll(body: &mut RequestBody) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn body_is_either_sent_or_given_up() {
        let mut sent = RequestBody::new("a".into());
        assert!(matches!(poll(&mut sent), Poll::Ready(Some(Ok(_)))));
        assert!(!sent.sending().give_up());

        let mut given_up = RequestBody::new("a".into());
        assert!(given_up.sending().give_up());
        assert!(matches!(poll(&mut given_up), Poll::Ready(Some(Err(_)))));
        assert!(given_up.sending().give_up());
    }

    #[test]
    fn empty_body_counts_as_sent() {
        assert!(!RequestBody::new(Bytes::new()).sending().give_up());
    }
}
