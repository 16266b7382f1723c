//! Tests of `UreqTransport` with real sockets on this machine.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

mod failure;
mod origin;
mod server;

mod connect;
mod contract;
mod environment;
mod limits;
mod logs;
mod proxy;
mod request;
mod tls;
mod wine;

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{Error, Limits, Transport, block_on};
use openrouter_oauth_transport_ureq::UreqTransport;

/// Sends a request, and blocks until it ends.
fn send(
    transport: &UreqTransport,
    request: Request<Bytes>,
    limits: Limits,
) -> Result<Response<Bytes>, Error> {
    block_on(transport.send(request, limits))
}
