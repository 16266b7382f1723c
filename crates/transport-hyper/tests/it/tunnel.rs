//! What a proxy does once it has agreed: it forwards.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::server::{Scheme, ScriptedConnection, ScriptedServer, close_connection, serving};

/// How long one side is read before it is the other one's turn.
const TURN: Duration = Duration::from_millis(2);

/// A proxy that says yes to every `CONNECT`, whatever the host, and leads to `origin`.
pub(crate) fn proxy(origin: SocketAddr) -> ScriptedServer {
    serving(move |connection| connect(connection, origin))
}

/// The same, over this scheme.
pub(crate) fn proxy_over(scheme: &Scheme, origin: SocketAddr) -> ScriptedServer {
    let script = move |connection: &mut ScriptedConnection, _| connect(connection, origin);
    ScriptedServer::start(scheme, crate::server::RunScript::AfterRequest, script).unwrap()
}

fn connect(connection: &mut ScriptedConnection, origin: SocketAddr) -> io::Result<()> {
    connection.send(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n")?;
    relay(connection, origin)
}

/// Forwards what comes, both ways, until one side closes.
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
