//! A port that refuses connections.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
};

/// A port of this machine that refuses connections while this value lives.
///
/// It belongs to a connection, so the system gives it to nobody else, and nothing listens on it.
///
/// ```
/// use openrouter_oauth_transport_contract::ClosedPort;
///
/// # fn main() -> std::io::Result<()> {
/// let port = ClosedPort::new()?;
/// assert!(std::net::TcpStream::connect(port.address()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ClosedPort {
    address: SocketAddr,
    _listener: TcpListener,
    _connection: TcpStream,
}

impl ClosedPort {
    /// Reserves a port.
    ///
    /// # Errors
    ///
    /// There is no port left, or no file descriptor.
    pub fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let connection = TcpStream::connect(listener.local_addr()?)?;
        Ok(Self { address: connection.local_addr()?, _listener: listener, _connection: connection })
    }

    /// The address that refuses connections.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin with the scheme `http`: `http://127.0.0.1:40123`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}
