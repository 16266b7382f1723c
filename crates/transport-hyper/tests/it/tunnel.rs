//! What a proxy does once it has agreed: it forwards.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::server::{Peer, Server, Site, close, serving};

/// How long one side is read before it is the other one's turn.
const TURN: Duration = Duration::from_millis(2);

/// A proxy that says yes to every `CONNECT`, whatever the host, and leads to `origin`.
pub(crate) fn proxy(origin: SocketAddr) -> Server {
    serving(move |peer| connect(peer, origin))
}

/// The same, at a site of its own.
pub(crate) fn proxy_at(site: &Site, origin: SocketAddr) -> Server {
    let script = move |peer: &mut Peer, _| connect(peer, origin);
    Server::start(site, crate::server::Read::Whole, script).unwrap()
}

fn connect(peer: &mut Peer, origin: SocketAddr) -> io::Result<()> {
    peer.send(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n")?;
    relay(peer, origin)
}

/// Forwards what comes, both ways, until one side closes.
pub(crate) fn relay(peer: &mut Peer, to: SocketAddr) -> io::Result<()> {
    let mut to = TcpStream::connect(to)?;
    to.set_nodelay(true)?;
    to.set_read_timeout(Some(TURN))?;
    peer.tcp().set_read_timeout(Some(TURN))?;
    loop {
        forward(peer, &mut to)?;
        forward(&mut to, peer)?;
    }
}

fn forward(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut part = [0; 4096];
    match from.read(&mut part) {
        Ok(0) => close(),
        Ok(count) => {
            to.write_all(&part[..count])?;
            to.flush()
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        Err(error) => Err(error),
    }
}
