//! The emulator's public handle.

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

/// An emulator of OpenRouter's OAuth service, for tests.
///
/// Clones share the codes, keys, clock, faults, and log. An emulator responds in memory as a [`Transport`], on a
/// loopback port with [`serve`](Self::serve), and on any stream with [`serve_stream`](Self::serve_stream), even at the
/// same time. `Debug` does not show its state.
#[derive(Clone)]
pub struct Emulator {
    service: Arc<Service>,
}

impl Emulator {
    /// Creates an emulator with the default [`Settings`].
    ///
    /// # Panics
    ///
    /// Panics if the operating system's random generator fails.
    pub fn new() -> Self {
        Self::with_settings(Settings::default())
    }

    /// Creates an emulator with these settings.
    ///
    /// # Panics
    ///
    /// Panics if the operating system's random generator fails.
    pub fn with_settings(settings: Settings) -> Self {
        let service = Arc::new(Service::new(settings));
        Self { service }
    }

    /// Serves on `127.0.0.1:port`, or on a free port if `port` is 0, until the [`EmulatorServer`] is dropped.
    ///
    /// Call it in a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// Returns an error if the port is taken, not allowed, or cannot be bound for another reason.
    pub async fn serve(&self, port: u16) -> Result<EmulatorServer, ServeError> {
        EmulatorServer::start(Arc::clone(&self.service), port).await
    }

    /// Serves HTTP/1.1 on one connection until it ends. Use it for TLS, sockets of your own, or `tokio::io::duplex`.
    ///
    /// Call it in a tokio runtime with time enabled.
    pub async fn serve_stream<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        connection::serve(Arc::clone(&self.service), stream).await;
    }

    /// Creates a management key. On the real service, only an account's owner has one.
    pub fn issue_key(&self) -> String {
        self.service.state().issue_management_key()
    }

    /// Moves the emulator's clock forward. The clock otherwise follows the system's.
    pub fn advance(&self, duration: Duration) {
        self.service.state().clock.advance(duration);
    }

    /// Applies `fault` to the next matching request. At most 1,024 faults can be pending; when there are more, the
    /// oldest is dropped.
    pub fn inject(&self, fault: Fault) {
        self.service.state().faults.push(fault);
    }

    /// Returns the last 1,024 requests, oldest first, without secrets. Requests for `/` and `/emulator/…` are not
    /// logged.
    pub fn log(&self) -> Vec<LogEntry> {
        self.service.state().log.entries().cloned().collect()
    }

    /// Returns the number of `POST` requests for `path`, with or without the leading `/api/v1`, including those that
    /// hit a fault.
    ///
    /// Requests for unknown paths, `/` and `/emulator/…` are not counted.
    pub fn posts(&self, path: &str) -> usize {
        self.service.state().log.count(path, Some(&Method::POST))
    }

    /// Returns the number of requests for `path` with any method, counted as in [`posts`](Self::posts).
    pub fn requests(&self, path: &str) -> usize {
        self.service.state().log.count(path, None)
    }
}

impl Default for Emulator {
    fn default() -> Self {
        Self::new()
    }
}

/// Responds in memory and ignores the host of the request's URI.
///
/// A fault becomes the error that it causes: a broken connection is `ErrorKind::Io`, and a response that does not
/// arrive within `Limits::timeout` is `ErrorKind::Timeout`. Only delays need a tokio runtime with time enabled.
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
