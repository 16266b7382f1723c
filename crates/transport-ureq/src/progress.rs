//! How far a request has come, as its connection sees it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// How far a request has come. One thread changes it; it is atomic only because ureq requires connectors to be `Sync`.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Whether the connection to the origin's port is open: TCP, or the tunnel of a proxy. TLS comes next.
    opened: AtomicBool,
    /// Whether a byte of the request may have been written.
    written: AtomicBool,
    /// Whether the server closed the connection properly.
    closed: AtomicBool,
    /// Whether the connection ended in any other way.
    broken: AtomicBool,
    /// Whether the head of the response was read, and a chunked body follows.
    chunked: AtomicBool,
}

impl Progress {
    pub(crate) fn mark_open(&self) {
        self.opened.store(true, Relaxed);
    }

    pub(crate) fn mark_written(&self) {
        self.written.store(true, Relaxed);
    }

    pub(crate) fn mark_closed(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(crate) fn mark_broken(&self) {
        self.broken.store(true, Relaxed);
    }

    pub(crate) fn mark_chunked(&self) {
        self.chunked.store(true, Relaxed);
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.chunked.load(Relaxed)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened.load(Relaxed)
    }

    pub(crate) fn is_written(&self) -> bool {
        self.written.load(Relaxed)
    }

    /// Returns whether the connection ended before a body was complete. ureq takes any end for that of a body without a
    /// length, and accepts chunks without the last line.
    pub(crate) fn ended_early(&self) -> bool {
        self.broken.load(Relaxed) || self.is_chunked() && self.closed.load(Relaxed)
    }
}
