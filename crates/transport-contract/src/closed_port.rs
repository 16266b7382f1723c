//! A port that refuses connections.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
};

/// A local port that refuses connections while this value exists.
///
/// The port belongs to the client end of a connection. Nothing listens on it, and the operating system does not assign
/// it to another socket.
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
    /// Returns an error if the system has no free port or file descriptor.
    pub fn new() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let connection = TcpStream::connect(listener.local_addr()?)?;
        Ok(Self { address: connection.local_addr()?, _listener: listener, _connection: connection })
    }

    /// Returns the address that refuses connections.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the origin with the scheme `http`: `http://127.0.0.1:40123`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}
