//! The HTTP transport that `openrouter-oauth` sends through, as a trait to implement.
//!
//! There are two traits: a [`Transport`] sends one request and returns its whole response, and a [`Timer`] tells the
//! time and waits. `openrouter-oauth-transport-hyper` implements both. To use another HTTP stack, implement them in a
//! few lines; this crate is all you need. It knows nothing about OpenRouter.
//!
//! ```
//! use http::{Request, Response};
//! use openrouter_oauth_transport::{Limits, Transport, from_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), openrouter_oauth_transport::Error> {
//! // A transport made from a closure: this one responds from memory.
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
//! [`Transport`] lists what a transport must do: its [contract](Transport#contract). The crate
//! `openrouter-oauth-transport-contract` checks a transport against it, over real sockets, from a test of yours.
//!
//! # Crate features
//!
//! * `testing` (off by default): transports that respond from memory and a clock that tests move, in the module
//!   `testing`.

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
