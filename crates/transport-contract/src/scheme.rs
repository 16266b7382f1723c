//! HTTP or HTTPS.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// How a scripted server is reached: by HTTP, or by HTTPS with a handshake of yours.
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
    /// Plain HTTP: `http://127.0.0.1`.
    pub fn http() -> Self {
        let handshake = |tcp| Ok(Box::new(tcp) as Box<dyn Stream>);
        Self { origin: "http://127.0.0.1".into(), handshake: Arc::new(handshake), detects_truncation: false }
    }

    /// HTTPS: `https://` and this host, which resolves to `127.0.0.1`.
    ///
    /// `handshake` does the server's side of the handshake on a fresh connection, blocking, and returns the stream on
    /// which HTTP is spoken. If the client offers protocols (ALPN), it should choose HTTP/1.1. When the stream
    /// is dropped without `close_notify`, the client must be able to tell that from a proper end.
    ///
    /// A `handshake` that returns the connection as it is makes a server whose script plays the handshake as well.
    pub fn https<F, S>(host: &str, handshake: F) -> Self
    where
        F: Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
        S: Read + Write + Send + 'static,
    {
        let handshake = move |tcp| Ok(Box::new(handshake(tcp)?) as Box<dyn Stream>);
        Self { origin: format!("https://{host}"), handshake: Arc::new(handshake), detects_truncation: true }
    }

    /// The scheme and the host.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The stream on which HTTP is spoken, over a fresh connection.
    pub(crate) fn handshake(&self, tcp: TcpStream) -> io::Result<Box<dyn Stream>> {
        (self.handshake)(tcp)
    }

    /// Whether a client can tell a connection that breaks from one that ends.
    pub(crate) fn detects_truncation(&self) -> bool {
        self.detects_truncation
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheme").field("origin", &self.origin).finish_non_exhaustive()
    }
}
