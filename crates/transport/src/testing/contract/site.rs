//! How a scripted server is reached.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// How a scripted server is reached: a scheme, a host, and what it speaks under HTTP.
#[derive(Clone)]
pub struct Site {
    origin: String,
    wrap: Arc<Wrap>,
    has_goodbye: bool,
}

type Wrap = dyn Fn(TcpStream) -> io::Result<Box<dyn Io>> + Send + Sync;

/// What a peer reads from and writes to.
pub(super) trait Io: Read + Write + Send {}

impl<T: Read + Write + Send> Io for T {}

impl Site {
    /// Plain HTTP: `http://127.0.0.1`.
    pub fn plain() -> Self {
        let wrap = |tcp| Ok(Box::new(tcp) as Box<dyn Io>);
        Self { origin: "http://127.0.0.1".into(), wrap: Arc::new(wrap), has_goodbye: false }
    }

    /// HTTPS: `https://` and this host, which resolves to `127.0.0.1`.
    ///
    /// `wrap` does the server's side of the handshake on a fresh connection, blocking, and returns the stream on
    /// which HTTP is spoken. It should choose HTTP/1.1 if it is asked (ALPN). When the stream is dropped without a
    /// goodbye, the client must be able to tell that apart from an end, as TLS can.
    ///
    /// A `wrap` that returns the connection as it is makes a server whose script plays the handshake as well.
    pub fn tls<F, S>(host: &str, wrap: F) -> Self
    where
        F: Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
        S: Read + Write + Send + 'static,
    {
        let wrap = move |tcp| Ok(Box::new(wrap(tcp)?) as Box<dyn Io>);
        Self { origin: format!("https://{host}"), wrap: Arc::new(wrap), has_goodbye: true }
    }

    /// The scheme and the host.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The stream on which HTTP is spoken, over a fresh connection.
    pub(super) fn wrap(&self, tcp: TcpStream) -> io::Result<Box<dyn Io>> {
        (self.wrap)(tcp)
    }

    /// Whether an end without a goodbye can be told from a proper one.
    pub(super) fn has_goodbye(&self) -> bool {
        self.has_goodbye
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("origin", &self.origin).finish_non_exhaustive()
    }
}
