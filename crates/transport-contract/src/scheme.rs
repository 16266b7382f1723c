//! The scheme of a server: HTTP or HTTPS.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// The scheme of a scripted server: HTTP, or HTTPS with a handshake that you supply.
#[derive(Clone)]
pub struct Scheme {
    origin: String,
    handshake: Arc<Handshake>,
    detects_truncation: bool,
}

type Handshake = dyn Fn(TcpStream) -> io::Result<Box<dyn Stream>> + Send + Sync;

/// The stream that a connection reads from and writes to.
pub(crate) trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Scheme {
    /// Creates the scheme for plain HTTP: `http://127.0.0.1`.
    pub fn http() -> Self {
        let handshake = |tcp| Ok(Box::new(tcp) as Box<dyn Stream>);
        Self { origin: "http://127.0.0.1".into(), handshake: Arc::new(handshake), detects_truncation: false }
    }

    /// Creates the scheme for HTTPS on `host`, which must resolve to `127.0.0.1`.
    ///
    /// `handshake` performs the server's side of the TLS handshake on a new connection, blocking, and returns the
    /// stream for HTTP. If the client offers protocols (ALPN), choose HTTP/1.1. Dropping the stream must not send
    /// `close_notify`, so that the client can detect truncation.
    ///
    /// To script the handshake too, return the connection unchanged.
    pub fn https<F, S>(host: &str, handshake: F) -> Self
    where
        F: Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
        S: Read + Write + Send + 'static,
    {
        let handshake = move |tcp| Ok(Box::new(handshake(tcp)?) as Box<dyn Stream>);
        Self { origin: format!("https://{host}"), handshake: Arc::new(handshake), detects_truncation: true }
    }

    /// Returns the scheme and the host.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Performs the handshake on a new connection, and returns the stream for HTTP.
    pub(crate) fn handshake(&self, tcp: TcpStream) -> io::Result<Box<dyn Stream>> {
        (self.handshake)(tcp)
    }

    /// Returns whether a client can distinguish a broken connection from one that ended properly.
    pub(crate) fn detects_truncation(&self) -> bool {
        self.detects_truncation
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheme").field("origin", &self.origin).finish_non_exhaustive()
    }
}
