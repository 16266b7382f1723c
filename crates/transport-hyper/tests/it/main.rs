//! Tests of `HyperTransport` with real sockets on this machine.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![cfg_attr(
    any(feature = "aws-lc-rs", feature = "ring"),
    expect(clippy::indexing_slicing, reason = "a test that panics has failed")
)]

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod failure;
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
