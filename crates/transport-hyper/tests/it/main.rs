//! Tests of `HyperTransport` with real sockets on this machine.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![cfg_attr(
    any(feature = "aws-lc-rs", feature = "ring"),
    expect(clippy::indexing_slicing, reason = "a test that panics has failed")
)]

mod server;

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod client_certificate;
mod contract;
mod drop;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod environment;
mod errors;
// Limits the open files with `ulimit`, which was tried only on Linux.
#[cfg(all(target_os = "linux", any(feature = "aws-lc-rs", feature = "ring")))]
mod exhausted;
mod limits;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod origin;
mod origins;
mod plain_text;
mod pool;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod proxy;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod resolver;
mod response;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod runtime;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod socks;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tls;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tunnel;
mod waiting;
mod wine;

use bytes::Bytes;
use http::Request;

/// Creates a request with a code, like those of the SDK.
fn exchange(origin: &str) -> Request<Bytes> {
    Request::post(format!("{origin}/api/v1/auth/keys"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(Bytes::from_static(br#"{"code":"c0de","code_verifier":"v3rifier"}"#))
        .unwrap()
}

/// A response with a key.
const GRANT: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 37\r\n\
    \r\n\
    {\"key\":\"sk-or-v1-00\",\"user_id\":\"u_1\"}";

/// The body of [`GRANT`].
const KEY: &str = r#"{"key":"sk-or-v1-00","user_id":"u_1"}"#;
