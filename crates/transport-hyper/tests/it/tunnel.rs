//! A proxy that forwards bytes.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::server::{Scheme, ScriptedConnection, ScriptedServer, close_connection, serving};

/// How long to read from one side before switching to the other.
const TURN: Duration = Duration::from_millis(2);

/// Starts a proxy that accepts every `CONNECT`, and connects to `origin` whatever the host.
pub(crate) fn proxy(origin: SocketAddr) -> ScriptedServer {
    serving(move |connection| connect(connection, origin))
}

/// Like [`proxy`], over this scheme.
pub(crate) fn proxy_over(scheme: &Scheme, origin: SocketAddr) -> ScriptedServer {
    let script = move |connection: &mut ScriptedConnection, _| connect(connection, origin);
    ScriptedServer::start(scheme, crate::server::RunScript::AfterRequest, script).unwrap()
}

fn connect(connection: &mut ScriptedConnection, origin: SocketAddr) -> io::Result<()> {
    connection.send(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n")?;
    relay(connection, origin)
}

/// Forwards bytes in both directions until one side closes the connection.
pub(crate) fn relay(connection: &mut ScriptedConnection, to: SocketAddr) -> io::Result<()> {
    let mut to = TcpStream::connect(to)?;
    to.set_nodelay(true)?;
    to.set_read_timeout(Some(TURN))?;
    connection.tcp().set_read_timeout(Some(TURN))?;
    loop {
        forward(connection, &mut to)?;
        forward(&mut to, connection)?;
    }
}

fn forward(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut part = [0; 4096];
    match from.read(&mut part) {
        Ok(0) => close_connection(),
        Ok(count) => {
            to.write_all(&part[..count])?;
            to.flush()
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(error),
    }
}
