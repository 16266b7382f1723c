//! The emulator people hold in their hands.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use openrouter_oauth_transport::{Limits, ResponseFuture, Transport};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    EmulatorServer, Fault, LogEntry, ServeError, Settings,
    server::{connection, in_memory},
    service::Service,
};

/// OpenRouter's OAuth service, for tests.
///
/// Clones share everything: codes, keys, clock, faults and log. It answers as a [`Transport`] in memory, on a port of
/// the loopback with [`serve`](Self::serve), and on any stream with [`serve_stream`](Self::serve_stream), all at once
/// if need be. `Debug` shows nothing of what it holds.
#[derive(Clone)]
pub struct Emulator {
    service: Arc<Service>,
}

impl Emulator {
    /// An emulator with the default [`Settings`].
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness.
    pub fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    /// An emulator with these settings.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness.
    pub fn with_settings(settings: Settings) -> Self {
        let service = Arc::new(Service::new(settings));
        Self { service }
    }

    /// Serves on `127.0.0.1:port`, and on a free port if `port` is 0, until the [`EmulatorServer`] is dropped.
    ///
    /// Call it within a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// If the port is taken, not allowed, or cannot be bound for another reason.
    pub async fn serve(&self, port: u16) -> Result<EmulatorServer, ServeError> {
        EmulatorServer::start(Arc::clone(&self.service), port).await
    }

    /// Serves HTTP/1.1 on one connection until it ends: for TLS, for sockets of tests, for `tokio::io::duplex`.
    ///
    /// Call it within a tokio runtime with time.
    pub async fn serve_stream<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        connection::serve(Arc::clone(&self.service), stream).await;
    }

    /// Makes a key that is good as bearer: the management key of an account's owner.
    pub fn issue_key(&self) -> String {
        self.service.state().issue_management_key()
    }

    /// Moves the emulator's clock forward. It otherwise goes with the system's.
    pub fn advance(&self, duration: Duration) {
        self.service.state().clock.advance(duration);
    }

    /// Has `fault` happen to the next request that matches. Faults wait in line, at most 1,024 of them.
    pub fn inject(&self, fault: Fault) {
        self.service.state().faults.push(fault);
    }

    /// The last 1,024 requests, oldest first, without secrets. Requests for `/` and `/emulator/…` are left out.
    pub fn log(&self) -> Vec<LogEntry> {
        self.service.state().log.entries().cloned().collect()
    }

    /// How many `POST` requests came for `path`, with or without `/api/v1` before it, faults included.
    ///
    /// It counts paths that are served, not those under `/emulator`.
    pub fn posts(&self, path: &str) -> usize {
        self.service.state().log.count(path, Some(&Method::POST))
    }

    /// How many requests of any method came for `path`, counted as in [`posts`](Self::posts).
    pub fn requests(&self, path: &str) -> usize {
        self.service.state().log.count(path, None)
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers from memory, whatever the host of the request's URI.
///
/// Faults become the errors they cause: a broken connection is `ErrorKind::Io`, and an answer that is later than
/// `Limits::timeout` is `ErrorKind::Timeout`; only waiting needs a tokio runtime with time.
impl Transport for Emulator {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(in_memory::send(&self.service, request, limits))
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").finish_non_exhaustive()
    }
}
