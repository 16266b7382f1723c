//! Tests of `ReqwestTransport` with real sockets on this machine.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod server;

mod contract;
mod drop;
#[cfg(feature = "rustls-no-provider")]
mod environment;
mod errors;
#[cfg(feature = "http2")]
mod frames;
#[cfg(feature = "http2")]
mod http2;
#[cfg(feature = "rustls-no-provider")]
mod proxy;
mod runtime;
mod settings;
#[cfg(all(feature = "rustls-no-provider", feature = "socks"))]
mod socks;
#[cfg(feature = "rustls-no-provider")]
mod tls;
mod wine;

use std::{error::Error as _, fmt::Write};

use bytes::Bytes;
use http::Request;
use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use reqwest::ClientBuilder;

/// Creates a transport with its own client.
fn own() -> ReqwestTransport {
    install_provider();
    ReqwestTransport::new().unwrap()
}

/// Creates a transport with the client of this builder.
fn transport(builder: ClientBuilder) -> ReqwestTransport {
    ReqwestTransport::from_client_unchecked(builder.build().unwrap())
}

fn client_builder() -> ClientBuilder {
    install_provider();
    ReqwestTransport::client_builder()
}

/// Installs a TLS provider if only the feature without one is enabled.
fn install_provider() {
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Creates a request with a code, like those of the SDK.
fn exchange(origin: &str) -> Request<Bytes> {
    Request::post(format!("{origin}/api/v1/auth/keys"))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(Bytes::from_static(br#"{"code":"c0de","code_verifier":"v3rifier"}"#))
        .unwrap()
}

/// Sends an exchange, and returns the body of the response.
async fn send(transport: &ReqwestTransport, origin: &str) -> Result<Bytes, Error> {
    transport.send(exchange(origin), Limits::default()).await.map(http::Response::into_body)
}

/// Checks that nothing was sent, and that the error does not contain the URL.
#[track_caller]
fn assert_not_sent(result: Result<Bytes, Error>, kind: ErrorKind, what: &str) {
    let error = assert_kind(result, kind, what);
    assert!(!error.may_have_been_sent(), "{what}: {error:?}");
}

/// Checks that the request counts as sent, and that the error does not contain the URL.
#[track_caller]
fn assert_maybe_sent(result: Result<Bytes, Error>, kind: ErrorKind, what: &str) {
    let error = assert_kind(result, kind, what);
    assert!(error.may_have_been_sent(), "{what}: {error:?}");
}

#[track_caller]
fn assert_kind(result: Result<Bytes, Error>, kind: ErrorKind, what: &str) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    assert!(!error_chain(&error).contains("/auth/keys"), "{what}: {error:?}");
    error
}

/// Formats an error and all its causes, with both traits.
fn error_chain(error: &Error) -> String {
    let mut chain = format!("{error}: {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(chain, ": {error}").unwrap();
        cause = error.source();
    }
    chain
}

/// A response with a key.
const GRANT: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 37\r\n\
    \r\n\
    {\"key\":\"sk-or-v1-00\",\"user_id\":\"u_1\"}";

/// The body of [`GRANT`].
const KEY: &str = r#"{"key":"sk-or-v1-00","user_id":"u_1"}"#;
