//! A transport that never responds.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::Request;

use crate::{Limits, ResponseFuture, Transport};

/// A transport that never responds, even after its timeout. Use it to test timeouts and dropped futures.
///
/// It breaks rule 4 of the [contract](Transport#contract) on purpose. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct Never {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicUsize,
    dropped: AtomicUsize,
}

impl Never {
    /// Creates a transport that never responds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of requests that were sent.
    pub fn sent(&self) -> usize {
        self.counts.sent.load(Ordering::SeqCst)
    }

    /// Returns the number of requests whose future was dropped.
    pub fn dropped(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }
}

impl Transport for Never {
    fn send(&self, _request: Request<Bytes>, _limits: Limits) -> ResponseFuture<'_> {
        self.counts.sent.fetch_add(1, Ordering::SeqCst);
        let counted = CountDrop(&self.counts);
        Box::pin(async move {
            let _counted = counted;
            std::future::pending().await
        })
    }
}

struct CountDrop<'a>(&'a Counts);

impl Drop for CountDrop<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}
