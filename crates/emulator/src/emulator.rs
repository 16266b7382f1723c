//! The emulator's public handle.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use openrouter_oauth_transport::{Limits, ResponseFuture, Transport};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    EmulatorServer, Fault, KeyError, KeyState, KeyUpdate, LogEntry, ServeError, Settings,
    fault::Faults,
    server::{connection, in_memory},
    service::Service,
};

/// An emulator of OpenRouter's OAuth service, for tests.
///
/// Clones share the codes, keys, clock, faults, and log. An emulator responds in memory as a [`Transport`], on a port
/// with [`serve`](Self::serve) or [`serve_on`](Self::serve_on), and on any stream with
/// [`serve_stream`](Self::serve_stream), even at the same time. `Debug` does not show its state.
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
    /// See [`ServeError`].
    pub async fn serve(&self, port: u16) -> Result<EmulatorServer, ServeError> {
        self.serve_on((Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// Serves on an address of this machine, or on all of them if the IP address is `0.0.0.0` or `::`. Otherwise like
    /// [`serve`](Self::serve).
    ///
    /// # Security
    ///
    /// On an address that is not loopback, everyone who can reach the port can get keys, approve sign-ins, inject
    /// faults, and read the log. The keys work nowhere else. The connections are plain text, and the SDK calls `http`
    /// on another machine only with `ClientBuilder::dangerously_allow_http`. Use such an address only in a test
    /// network.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve_on(&self, addr: SocketAddr) -> Result<EmulatorServer, ServeError> {
        EmulatorServer::start(Arc::clone(&self.service), addr).await
    }

    /// Serves HTTP/1.1 on one connection until it ends. Use it for TLS, sockets of your own, or `tokio::io::duplex`.
    ///
    /// Call it in a tokio runtime with time enabled.
    pub async fn serve_stream<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        connection::serve(Arc::clone(&self.service), stream, Arc::default()).await;
    }

    /// Creates a management key. On the real service, only an account's owner has one.
    pub fn issue_management_key(&self) -> String {
        self.service.state().issue_management_key()
    }

    /// Returns the states of all keys, oldest first. The last 10,000 keys are kept.
    pub fn keys(&self) -> Vec<KeyState> {
        self.service.state().key_states()
    }

    /// Returns the state of a key. `id` is the key itself or its [`hash`](KeyState::hash). Access tokens are not keys.
    pub fn key(&self, id: &str) -> Option<KeyState> {
        self.service.state().key_state(id)
    }

    /// Changes a key, and returns its new state. `id` is as for [`key`](Self::key).
    ///
    /// # Errors
    ///
    /// Returns an error and changes nothing if there is no such key, or if a part of the update is invalid.
    pub fn update_key(&self, id: &str, update: KeyUpdate) -> Result<KeyState, KeyError> {
        self.service.state().update_key(id, update)
    }

    /// Adds an amount to a key's usage, in US dollars, rounded to a billionth, and returns the key's new state. The
    /// usage can reach at most 1,000,000 US dollars. It may exceed the limit. `id` is as for [`key`](Self::key).
    ///
    /// # Errors
    ///
    /// Returns an error and changes nothing if there is no such key, if the amount is negative or not a number, or if
    /// the usage would become too large.
    pub fn spend(&self, id: &str, dollars: f64) -> Result<KeyState, KeyError> {
        self.service.state().spend(id, dollars)
    }

    /// Revokes a key: every request with it gets a 401 from now on. `id` is as for [`key`](Self::key).
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key.
    pub fn revoke_key(&self, id: &str) -> Result<(), KeyError> {
        self.service.state().revoke_key(id)
    }

    /// Moves the emulator's clock forward. The clock otherwise follows the system's. It stops when it is a hundred
    /// years (36,525 days) ahead.
    pub fn advance(&self, duration: Duration) {
        self.service.state().clock.advance(duration);
    }

    /// Applies `fault` to the next matching request. At most 1,024 faults can be pending; when there are more, the
    /// oldest is dropped.
    pub fn inject(&self, fault: Fault) {
        self.service.state().faults.push(fault);
    }

    /// Removes the faults that no request has met yet, so that they do not reach the next test.
    pub fn clear_faults(&self) {
        self.service.state().faults = Faults::default();
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

    /// Returns the number of requests for `path` with any method, counted as in [`posts`](Self::posts). A web page's
    /// request may count twice, because a browser sends `OPTIONS` first.
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
