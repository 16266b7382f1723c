//! The HTTP transport that `openrouter-oauth` sends through, as a trait to implement.
//!
//! Two traits: a [`Transport`] sends one request and returns its whole response, a [`Timer`] tells the time and
//! waits. `openrouter-oauth-transport-hyper` implements both; whoever has an HTTP stack of their own implements
//! them in a few lines and needs nothing of ours but this crate. It knows nothing of OpenRouter.
//!
//! ```
//! use http::{Request, Response};
//! use openrouter_oauth_transport::{Limits, Transport, from_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), openrouter_oauth_transport::Error> {
//! // A transport of a closure: here it answers from memory.
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
//! What it must do stands in the [contract](Transport#contract). A test shows that it does, with the feature `testing`
//! turned on for the tests:
//!
#![cfg_attr(not(feature = "testing"), doc = "```ignore")]
#![cfg_attr(feature = "testing", doc = "```")]
//! use openrouter_oauth_transport::testing::contract;
//! # #[path = "../tests/it/blocking.rs"]
//! # mod blocking;
//! # use blocking::Blocking as MyTransport;
//!
//! #[tokio::main(flavor = "current_thread")] // `#[tokio::test]`, in a test
//! async fn main() -> Result<(), contract::Violations> {
//!     let transport = MyTransport::default();
//!     contract::run(&transport).await
//! }
//! ```
//!
//! # Crate features
//!
//! * `testing` (off by default): the fakes of the `testing` module, and the contract as a suite.

mod transport;

mod limits;

mod error;

mod timer;

mod from_fn;

mod wiped_buffer;

#[cfg(feature = "testing")]
pub mod testing;

pub use crate::{
    error::{BoxError, Error, ErrorKind},
    from_fn::{FromFn, from_fn},
    limits::Limits,
    timer::{SleepFuture, Timer},
    transport::{ResponseFuture, Transport},
    wiped_buffer::WipedBuffer,
};
