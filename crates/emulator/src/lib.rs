//! OpenRouter's OAuth service on a loopback port and in memory, to test against.
//!
//! It serves the page that asks a person for a key, the exchange of its code, and what belongs to it, in the order of
//! checks and the words of the real service as far as they are known. It can break on request, moves its clock when
//! asked, and plays the person. It knows nothing of the SDK it tests: it checks PKCE and writes its answers itself, so
//! that a mistake in one cannot agree with itself in the other.
//!
//! # In memory
//!
//! An [`Emulator`] is a [`Transport`]: give it to a client in place of a network.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_emulator::{Emulator, Outcome, Person};
//! use openrouter_oauth_transport::{Limits, Transport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::new();
//!
//! // A person opens the page and authorizes. Challenge and verifier are those of RFC 7636, appendix B.
//! let page = Person::new(emulator.clone())
//!     .open("https://openrouter.ai/auth?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
//!            &code_challenge_method=S256&callback_url=http://localhost:3000/cb")
//!     .await?;
//! assert!(page.text().contains("localhost:3000 asks for an API key"));
//! let Outcome::Redirected(callback) = page.approve(Some(5.0)).await? else {
//!     return Err("no redirect".into());
//! };
//! let code = callback.strip_prefix("http://localhost:3000/cb?code=").ok_or("no code")?;
//!
//! // An application exchanges the code.
//! let body = format!(
//!     r#"{{"code":"{code}","code_challenge_method":"S256",
//!         "code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}}"#
//! );
//! let request = Request::post("https://openrouter.ai/api/v1/auth/keys")
//!     .header("content-type", "application/json")
//!     .body(body.into())?;
//! let response = emulator.send(request, Limits::default()).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(emulator.posts("/auth/keys"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Over TCP
//!
//! ```
//! use openrouter_oauth_emulator::Emulator;
//! use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::TcpStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Emulator::new().serve(0).await?;
//! assert!(server.base_url().starts_with("http://127.0.0.1:"));
//!
//! let mut stream = TcpStream::connect(server.addr()).await?;
//! stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer).await?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK"));
//!
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! `GET /` lists what is served, and how tests in other processes inject faults, change the settings, move the
//! clock and read the log.
//!
//! # What is not known of the real service
//!
//! [`Settings`] has a switch for what reports disagree on. Of the refusals of an exchange, `Invalid code` and `Invalid
//! code_challenge_method` were seen; that a code expires after ten minutes, and both 403s, are documented only. These are
//! guesses:
//!
//! * the order of checks after a code was found, and that a method left out of the exchange counts as `plain`;
//! * the fields of the validator's issues, beyond the envelope they come in;
//! * the words about wrong values in `POST /auth/keys/code`, and who may call it;
//! * the words and the looks of the page, and what its `limit` does.
//!
//! # Security
//!
//! It is for tests: it listens on the loopback only, its keys open nothing, and whoever reaches it can have one,
//! any web page open in a browser on the same machine included. What a client can make grow is
//! bounded: the last 10,000 codes and keys, 1,024 faults and log entries, 256 connections, 64 KiB of a body.
//!
//! [`Transport`]: openrouter_oauth_transport::Transport

mod emulator;
mod fault;
mod log;
mod person;
mod server;
mod settings;

// The heart.
mod route;
mod service;

// One file per endpoint.
mod authorize;
mod control;
mod create_auth_code;
mod current_key;
mod exchange_auth_code;
mod exchange_token;
mod signing_keys;

// What they share.
mod bearer;
mod bounded;
mod callback;
mod clock;
mod grant;
mod jwt;
mod page;
mod params;
mod pkce;
mod random;
mod reply;
mod shape;

// The shells.
mod connection;
mod memory;

pub use crate::{
    emulator::Emulator,
    fault::Fault,
    log::LogEntry,
    person::{Outcome, Page, Person, PersonError},
    server::{ServeError, Server},
    settings::{Denial, Settings, WrongMethod},
};
