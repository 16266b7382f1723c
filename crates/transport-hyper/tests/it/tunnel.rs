//! A proxy that forwards bytes.

use std::{
    io,
    net::{SocketAddr, TcpStream},
};

use crate::server::{Scheme, ScriptedConnection, ScriptedServer, serving};

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
    connection.relay(TcpStream::connect(origin)?)
}
