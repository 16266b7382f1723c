//! The client without `async`: each call blocks the thread until it ends.
//!
//! A [`Client`] has the operations of [`crate::Client`]. Their options, retries, hooks, and errors are the same, and so
//! are the types of a sign-in. It needs no async runtime: requests go through [ureq](crate::transport_ureq). Without
//! the feature `hyper`, the crate does not compile tokio.
//!
//! ```
//! # use openrouter_oauth::transport::{Limits, from_fn};
//! use openrouter_oauth::blocking::Client;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new();
//! # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #     let body = r#"{"key":"sk-or-v1-0e6f","user_id":"user_1","data":{"label":"my-cli","limit":null,"usage":0}}"#;
//! #     Ok(http::Response::new(body.into()))
//! # });
//! # let client = Client::builder().transport(openrouter).build_blocking()?;
//!
//! let (url, mut sign_in) = client.authorize_headless().key_label("My program").begin()?;
//! println!("Open this page, and paste the code that it shows:\n{url}");
//! # let pasted = "auth_code_abc123";
//! let code = sign_in.read_pasted(pasted)?;
//! let grant = sign_in.exchange_blocking(&client, &code)?;
//!
//! let key = client.with_key(grant.key).current_key().send()?;
//! println!("{}", key.label.unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//!
//! An operation returns a [`Call`]. Its option methods are those of [`crate::Call`]. Then [`send`](Call::send) returns
//! the value, and [`send_with_response`](Call::send_with_response) also the status, the headers, and the number of
//! attempts.
//!
//! # Threads and async runtimes
//!
//! A call does its work on the thread that makes it. It starts other threads only to look up a name, and to wait for
//! the next attempt, or for a transport or a key source that does not block. Clones of a client can make calls on
//! several threads at once.
//!
//! Inside an async runtime, a call works too, and blocks the runtime's thread until it ends. Use [`crate::Client`]
//! there, or move the call to a thread for blocking work, such as that of `tokio::task::spawn_blocking`.
//!
//! # Transports
//!
//! [`ClientBuilder::transport`](crate::ClientBuilder::transport) accepts any transport that needs no async runtime, and
//! [`build_blocking`](crate::ClientBuilder::build_blocking) adds a timer if you set none. The transport does not have
//! to block: the thread is parked until the transport's future wakes it, or the deadline passes. A transport that does
//! block [must enforce](crate::transport::Transport#contract) the deadline itself, as the default one does.
//!
//! The feature `blocking` always compiles ureq. To use another blocking HTTP client without it, leave the feature off:
//! pass your transport and a [`ThreadTimer`](crate::transport::ThreadTimer) to the builder of [`crate::Client`], and
//! call [`block_on`](crate::transport::block_on) on its calls.

mod call;
mod client;
mod offloaded;
mod sign_in;

pub use self::{call::Call, client::Client};
