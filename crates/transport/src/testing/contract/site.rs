//! How a scripted peer is reached.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

/// How the scripted peers of a scenario are reached: a scheme, a host, and what they speak under HTTP.
#[derive(Clone)]
pub struct Site {
    origin: String,
    serve: Arc<Serve>,
    has_goodbye: bool,
}

type Serve = dyn Fn(TcpStream, Script) -> io::Result<()> + Send + Sync;

/// What a peer reads from and writes to.
pub(super) trait Io: Read + Write + Send {}

impl<T: Read + Write + Send> Io for T {}

impl Site {
    /// Plain HTTP: `http://127.0.0.1`.
    pub fn plain() -> Self {
        let serve = |tcp, script: Script| script.play(tcp);
        Self { origin: "http://127.0.0.1".into(), serve: Arc::new(serve), has_goodbye: false }
    }

    /// HTTPS: `https://` and this host, which resolves to `127.0.0.1`.
    ///
    /// `wrap` does the server's side of the handshake on a fresh connection, blocking, and returns the stream on
    /// which HTTP is spoken. It should choose HTTP/1.1 if it is asked (ALPN). When the stream is dropped without a
    /// goodbye, the client must be able to tell that apart from an end, as TLS can.
    pub fn tls<F, S>(host: &str, wrap: F) -> Self
    where
        F: Fn(TcpStream) -> io::Result<S> + Send + Sync + 'static,
        S: Read + Write + Send + 'static,
    {
        let serve = move |tcp, script: Script| script.play(wrap(tcp)?);
        Self { origin: format!("https://{host}"), serve: Arc::new(serve), has_goodbye: true }
    }

    /// HTTPS as well, where a connection carries many requests at once, as HTTP/2 does.
    ///
    /// `serve` is given each fresh connection and stays until it is over. For each request it has the script played on
    /// a thread, since a script blocks, and speaks HTTP/1.1 with it. If the script ends its stream in the midst of an
    /// answer, the client must be able to tell; an answer without a length is whole then. If the client gives the
    /// request up, the script must come to the end of its stream. It must not wait for more than a few seconds.
    pub fn multiplexed<F>(host: &str, serve: F) -> Self
    where
        F: Fn(TcpStream, Script) -> io::Result<()> + Send + Sync + 'static,
    {
        Self { origin: format!("https://{host}"), serve: Arc::new(serve), has_goodbye: false }
    }

    /// The scheme and the host.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn serve(&self, tcp: TcpStream, script: Script) -> io::Result<()> {
        (self.serve)(tcp, script)
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

/// What a peer does in a scenario.
#[derive(Clone)]
pub struct Script(Arc<Play>);

type Play = dyn Fn(Box<dyn Io>) -> io::Result<()> + Send + Sync;

impl Script {
    pub(super) fn new(play: impl Fn(Box<dyn Io>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(play))
    }

    /// Plays it to a client at the other end of `stream`, blocking, until one of them ends it.
    ///
    /// # Errors
    ///
    /// How it ended: there is no other end.
    pub fn play(&self, stream: impl Read + Write + Send + 'static) -> io::Result<()> {
        (self.0)(Box::new(stream))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}
