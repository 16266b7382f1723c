//! Tests of `ReqwestTransport` with real sockets on this machine.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failure;
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

use bytes::Bytes;
use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use reqwest::ClientBuilder;

use crate::{failure::error_chain, server::exchange};

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

/// Sends an exchange, and returns the body of the response.
async fn send(transport: &ReqwestTransport, origin: &str) -> Result<Bytes, Error> {
    transport.send(exchange(origin), Limits::default()).await.map(http::Response::into_body)
}

/// Checks that the request counts as sent, and that the error does not contain the URL.
#[track_caller]
fn assert_maybe_sent(result: Result<Bytes, Error>, kind: ErrorKind, what: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    assert!(error.may_have_been_sent(), "{what}: {error:?}");
    assert!(!error_chain(&error).contains("/auth/keys"), "{what}: {error:?}");
}
