//! Tests of `UreqTransport` with real sockets on this machine.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

mod origin;

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

/// Creates a request with a code, like those of the SDK.
fn exchange(origin: &str) -> Request<Bytes> {
    Request::post(format!("{origin}/api/v1/auth/keys"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(Bytes::from_static(br#"{"code":"c0de-g1ven","code_verifier":"v3rifier"}"#))
        .unwrap()
}

/// Sends a request, and blocks until it ends.
fn send(
    transport: &UreqTransport,
    request: Request<Bytes>,
    limits: Limits,
) -> Result<Response<Bytes>, Error> {
    block_on(transport.send(request, limits))
}

/// A response with a key.
const GRANT: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 37\r\n\
    \r\n\
    {\"key\":\"sk-or-v1-00\",\"user_id\":\"u_1\"}";

/// The body of [`GRANT`].
const KEY: &str = r#"{"key":"sk-or-v1-00","user_id":"u_1"}"#;
