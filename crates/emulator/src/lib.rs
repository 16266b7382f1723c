//! An emulator of OpenRouter's OAuth service for tests, in memory or on a loopback port.
//!
//! It serves the consent page, the exchange of a code for a key, and the related endpoints. It checks requests in the
//! real service's order and responds with the real service's messages, as far as these are known. Tests can inject
//! faults, move the clock, and act as the user. The emulator shares no protocol code with the SDK: it checks PKCE and
//! writes responses itself, so it does not inherit the SDK's bugs.
//!
//! # In memory
//!
//! An [`Emulator`] is a [`Transport`]: give it to a client instead of a network. The example
//! [`in_memory`](https://docs.rs/crate/openrouter-oauth-emulator/latest/source/examples/in_memory.rs) tests a program
//! this way.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_emulator::{Emulator, DecisionOutcome, User};
//! use openrouter_oauth_transport::{Limits, Transport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::new();
//!
//! // The user approves, with a limit of 5 dollars. Challenge and verifier are those of RFC 7636, appendix B.
//! let url = "https://openrouter.ai/auth?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
//!            &code_challenge_method=S256&callback_url=http://localhost:3000/cb";
//! let user = User::new(emulator.clone());
//! let DecisionOutcome::Redirected(callback) = user.approve(url, Some(5.0)).await? else {
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
//! A program in any language can call the emulator on a loopback port. It needs to know only the base URL. The example
//! [`over_http`](https://docs.rs/crate/openrouter-oauth-emulator/latest/source/examples/over_http.rs) tests a program
//! this way.
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
//! let mut response = String::new();
//! stream.read_to_string(&mut response).await?;
//! assert!(response.starts_with("HTTP/1.1 200 OK"));
//!
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! `GET /` lists the endpoints, and shows how tests in other processes inject faults, change the settings, move the
//! clock, and read the log.
//!
#![cfg_attr(not(doctest), doc = include_str!("../docs/with-the-sdk.md"))]
//!
//! # Approving from any language
//!
//! In a browser, the authorize URL shows a page with two buttons. A test presses one of them with a single request,
//! whose body is the query of the authorize URL, unchanged, followed by `decision`:
//!
//! ```text
//! POST /auth
//! Accept: application/json
//! Content-Type: application/x-www-form-urlencoded
//!
//! callback_url=http%3A%2F%2Flocalhost%3A3000%2Fcb&code_challenge=...&code_challenge_method=S256&decision=approve
//! ```
//!
//! In a shell, with the authorize URL in `url`:
//!
//! ```sh
//! curl -H 'Accept: application/json' -d "${url#*\?}&decision=approve" "${url%%\?*}"
//! ```
//!
//! `decision` is `approve` or `deny`. To set the user's credit limit, add `limit`, in US dollars. If the URL already has
//! a `limit`, change it instead, because no parameter may appear twice. The response is one of these:
//!
//! | status | body | meaning |
//! | --- | --- | --- |
//! | 200 | `{"redirect_to":"http://localhost:3000/cb?code=..."}` | The browser would be redirected to this URL: the callback with a `code` or with `error=access_denied`, and with the `state`. |
//! | 200 | `{"code":"..."}` | The user approved. There is no `callback_url`, so the page would show this code to copy. |
//! | 200 | `{"denied":true}` | The user declined, and the application is not notified: there is no `callback_url`, or the setting `denial` is `silent`. |
//! | 400 | `{"error":{"message":"...","code":400}}` | The request cannot be authorized. The message says why; nothing was granted. |
//!
//! A client gets JSON if its `Accept` header names `application/json` and does not prefer `text/html`. Other clients get
//! what a browser gets: a redirect (303) or a page. `GET /auth` always returns the page. In Rust, [`User`] sends this
//! request.
//!
//! # Unknown behavior of the real service
//!
//! [`Settings`] has a switch for each behavior on which reports disagree. According to public reports, the real service
//! rejects an exchange with `Invalid code` and `Invalid code_challenge_method`. The expiry after ten minutes and both
//! 403 responses are only documented. The emulator was never compared with the live service. These are guesses:
//!
//! * the order of the checks after the lookup of a code, that a missing method in an exchange means `plain`, and that a
//!   verifier for a code without a challenge is rejected;
//! * the fields of the validator's issues (their envelope is known);
//! * the messages about invalid values in `POST /auth/keys/code`, and which keys may call it;
//! * the text and the look of the page, and the effect of its `limit`.
//!
//! # Security
//!
//! The emulator is for tests. It listens only on the loopback interface, and its keys are worthless. Any program on the
//! machine can get a key from it, and so can any web page that is open in a browser there. Memory is bounded: the
//! emulator keeps the last 10,000 codes, 10,000 keys, 1,024 faults and 1,024 log entries, and accepts up to 256
//! connections at once and bodies of up to 64 KiB.
//!
//! [`Transport`]: openrouter_oauth_transport::Transport

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod decision;
mod emulator;
mod fault;
mod log;
mod settings;
mod user;

mod server;
mod service;

mod control;
mod endpoints;

mod callback_url;
mod http;
mod pkce;
mod state;

pub use crate::{
    decision::DecisionOutcome,
    emulator::Emulator,
    fault::Fault,
    log::LogEntry,
    server::{EmulatorServer, ServeError},
    settings::{DenialBehavior, Settings, WrongMethodStatus},
    user::{DecisionError, User},
};
