//! The HTTP transport trait that `openrouter-oauth` sends requests through.
//!
//! The crate has two traits. A [`Transport`] sends one request and returns its complete response. A [`Timer`] reads a
//! clock and sleeps. [`openrouter-oauth-transport-hyper`](https://docs.rs/openrouter-oauth-transport-hyper) implements
//! both for tokio, and so does
//! [`openrouter-oauth-transport-reqwest`](https://docs.rs/openrouter-oauth-transport-reqwest).
//! [`openrouter-oauth-transport-ureq`](https://docs.rs/openrouter-oauth-transport-ureq) is a transport that blocks, and
//! [`ThreadTimer`] is its timer. To use another HTTP client, implement `Transport` for it, or pass a closure to
//! [`from_fn`].
//!
//! ```
//! use http::{Request, Response};
//! use openrouter_oauth_transport::{Limits, Transport, from_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), openrouter_oauth_transport::Error> {
//! // This transport is a closure that responds from memory.
//! let transport = from_fn(|request: Request<_>, _limits| async move {
//!     assert_eq!(request.uri().path(), "/api/v1/key");
//!     Ok(Response::new("{}".into()))
//! });
//!
//! let request = Request::get("https://openrouter.ai/api/v1/key").body("".into()).unwrap();
//! let response = transport.send(request, Limits::default()).await?;
//! assert_eq!(response.body(), "{}");
//! # Ok(())
//! # }
//! ```
//!
//! # Writing a transport
//!
//! Every transport must follow the [contract](Transport#contract) of the trait. To check yours over real sockets, run
//! [`openrouter-oauth-transport-contract`](https://docs.rs/openrouter-oauth-transport-contract) in a test. The module
//! `parts` (feature `parts`) has what most transports need and few HTTP libraries have.
//!
//! # wasm32
//!
//! On `wasm32-unknown-unknown`, the clocks of the standard library panic. [`Instant`] and [`system_time`] use those of
//! JavaScript there, and are the standard library's on every other system. [`block_on`] and [`ThreadTimer`] do not
//! exist there, because threads cannot wait.
//!
//! # Crate features
//!
//! * `parts` (off by default): the module `parts`, the building blocks of our transports. It may change in any minor
//!   release.
//! * `testing` (off by default): the module `testing`, with transports that respond from memory and a clock that tests
//!   control.

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-transport/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod transport;

mod limits;

mod error;

mod time;
mod timer;

// On `wasm32-unknown-unknown`, threads cannot wait.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod block_on;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod thread_timer;

mod from_fn;

mod loopback;
mod plain_http_host;

mod wiped_buffer;

#[cfg(feature = "parts")]
pub mod parts;

#[cfg(feature = "testing")]
pub mod testing;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub use crate::{block_on::block_on, thread_timer::ThreadTimer};
pub use crate::{
    error::{BoxError, Error, ErrorKind},
    from_fn::{FromFn, from_fn},
    limits::Limits,
    loopback::is_loopback,
    plain_http_host::{InvalidPlainHttpHost, PlainHttpHost},
    time::{Instant, system_time},
    timer::{SleepFuture, Timer, within},
    transport::{ResponseFuture, Transport},
    wiped_buffer::WipedBuffer,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
