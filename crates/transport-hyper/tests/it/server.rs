//! The contract suite's scripted server, as most tests here have it.

use std::io;

pub(crate) use openrouter_oauth_transport::testing::contract::{Peer, Read, Server, Site, close};

use crate::GRANT;

/// Answers every request with [`GRANT`], and keeps the connection.
pub(crate) fn granting() -> Server {
    answering(GRANT)
}

/// Answers every request with these bytes, and keeps the connection until the client closes it.
pub(crate) fn answering(response: impl Into<Vec<u8>>) -> Server {
    Server::answering(&Site::plain(), response).unwrap()
}

/// Plays a script for each request.
pub(crate) fn serving(script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> Server {
    Server::start(&Site::plain(), Read::Whole, move |peer, _| script(peer)).unwrap()
}
