//! An emulator of OpenRouter's OAuth service for tests, in memory or on a port.
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
//! # A key's life
//!
//! Tests can spend with a key, change it, let it expire, and revoke it. A revoked or expired key gets a 401 with
//! `User not found.` from every endpoint, like an unknown key.
//!
//! ```
//! use std::time::Duration;
//!
//! use http::Request;
//! use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, KeyUpdate, LimitReset, User};
//! use openrouter_oauth_transport::{Limits, Transport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::new();
//!
//! // The user approves, and the program exchanges the code for a key. This test does both itself.
//! let user = User::new(emulator.clone());
//! let url = "https://openrouter.ai/auth?callback_url=https://my.app";
//! let DecisionOutcome::Redirected(callback) = user.approve(url, None).await? else {
//!     return Err("no redirect".into());
//! };
//! let code = callback.strip_prefix("https://my.app?code=").ok_or("no code")?;
//! let request = Request::post("https://openrouter.ai/api/v1/auth/keys");
//! let request = request.header("content-type", "application/json");
//! let request = request.body(format!(r#"{{"code":"{code}"}}"#).into())?;
//! let response = emulator.send(request, Limits::default()).await?;
//! let granted: serde_json::Value = serde_json::from_slice(response.body())?;
//! let key = granted["key"].as_str().ok_or("no key")?;
//!
//! let status = async || {
//!     let request = Request::get("https://openrouter.ai/api/v1/key");
//!     let request = request.header("authorization", format!("Bearer {key}")).body("".into())?;
//!     let response = emulator.send(request, Limits::default()).await?;
//!     Ok::<u16, Box<dyn std::error::Error>>(response.status().as_u16())
//! };
//!
//! // The key spends more than its daily limit. The limit is used up until midnight.
//! emulator.update_key(key, KeyUpdate::new().limit(5.0).limit_reset(LimitReset::Daily))?;
//! assert_eq!(emulator.spend(key, 7.5)?.limit_remaining, Some(0.0));
//! assert_eq!(status().await?, 200);
//! emulator.advance(Duration::from_secs(24 * 60 * 60));
//! assert_eq!(emulator.key(key).ok_or("no key")?.limit_remaining, Some(5.0));
//!
//! // The next request is rejected as if the limit were used up.
//! let used_up = r#"{"error":{"message":"Key limit exceeded","code":403}}"#;
//! emulator.inject(Fault::status(403).body(used_up).on("/key"));
//! assert_eq!(status().await?, 403);
//!
//! // The key expires now, and becomes valid again.
//! emulator.update_key(key, KeyUpdate::new().expired())?;
//! assert_eq!(status().await?, 401);
//! emulator.update_key(key, KeyUpdate::new().expires_at(None))?;
//! assert_eq!(status().await?, 200);
//!
//! // The user revokes the key.
//! emulator.revoke_key(key)?;
//! assert_eq!(status().await?, 401);
//! # Ok(())
//! # }
//! ```
//!
//! Programs in other languages do the same over HTTP. `{id}` is the key or its SHA-256, in lowercase hexadecimal. An
//! unknown ID gets a 404, and an invalid value a 400, with a message that says why; nothing changes.
//!
//! | request | body | response (200) |
//! | --- | --- | --- |
//! | `GET /emulator/keys` | | the states of all keys, oldest first |
//! | `GET /emulator/keys/{id}` | | the key's [`KeyState`], never the key itself |
//! | `PATCH /emulator/keys/{id}` | `{"limit": 5, "limit_reset": "daily"}` | the key's new state |
//! | `POST /emulator/keys/{id}/spend` | `{"dollars": 0.25}` | the key's new state |
//! | `DELETE /emulator/keys/{id}` | | `{"ok": true}` |
//!
//! A Rust test can do both at once: it serves a clone of the [`Emulator`] with [`Emulator::serve`], and calls
//! `revoke_key` on the other.
//!
//! * The periods (days, weeks from Monday, and months) begin at midnight in UTC, on the emulator's clock. `usage` never
//!   resets. The usage in the current period counts toward a limit that resets; the total usage counts toward one that
//!   does not.
//! * Amounts are rounded to a billionth of a dollar. A key can spend at most 1,000,000 dollars.
//! * A used-up limit has a `limit_remaining` of 0, and `GET /key` still responds with 200. The real service may respond
//!   with 403 (`Key limit exceeded`) instead. Inject a fault to test that, as above.
//!
//! # Approving from any language
//!
//! In a browser, the authorize URL shows a page with two buttons. A test presses one of them with a single request to
//! the authorize URL, unchanged:
//!
//! ```text
//! POST /auth?callback_url=http%3A%2F%2Flocalhost%3A3000%2Fcb&code_challenge=...&code_challenge_method=S256
//! Content-Type: application/json
//!
//! {"decision": "approve"}
//! ```
//!
//! In a shell, with the authorize URL in `url`:
//!
//! ```sh
//! curl -H 'Content-Type: application/json' -d '{"decision": "approve"}' "$url"
//! ```
//!
//! `decision` is `approve` or `deny`, and is required. To set the user's credit limit, in US dollars, add `"limit": 5`.
//! It replaces the URL's `limit`. Any other parameter in both the URL and the body is an error. A body that begins with
//! `{` is JSON, whatever its content type. If the program under test always uses `https://openrouter.ai/auth`, send the
//! query of its authorize URL to the emulator's `/auth`. The examples
//! [`approve.py`](https://docs.rs/crate/openrouter-oauth-emulator/latest/source/examples/approve.py),
//! [`approve.ts`](https://docs.rs/crate/openrouter-oauth-emulator/latest/source/examples/approve.ts), and
//! [`approve.go`](https://docs.rs/crate/openrouter-oauth-emulator/latest/source/examples/approve.go) sign in this way
//! with nothing but the standard library. The response is one of these:
//!
//! | status | body | meaning |
//! | --- | --- | --- |
//! | 200 | `{"redirect_to":"http://localhost:3000/cb?code=..."}` | The browser would be redirected to this URL: the callback with a `code` or with `error=access_denied`, and with the `state`. |
//! | 200 | `{"code":"..."}` | The user approved. There is no `callback_url`, so the page would show this code to copy. |
//! | 200 | `{"denied":true}` | The user declined, and the application is not notified: there is no `callback_url`, or the setting `denial` is `silent`. |
//! | 400 | `{"error":{"message":"...","code":400}}` | The request cannot be authorized, or the body is invalid. The message says why; nothing was granted. |
//!
//! These are the responses to JSON. The body may also be a form, as the page sends it: `decision=approve`, or all
//! parameters of the authorize URL and `decision`. A client that sends a form gets JSON if its `Accept` header names
//! `application/json` and does not prefer `text/html`. Otherwise, it gets what a browser gets, even after an error: a
//! redirect (303) or a page. `GET /auth` always returns the page. In Rust, [`User`] sends this request.
//!
//! # Web pages
//!
//! A single-page application calls the API with `fetch`. Every response of the API lets pages of any origin read it
//! (CORS), even an error and an injected [`Fault::status`]. `OPTIONS` on any path of the API gets 204 and the allowed
//! methods and headers. It is logged as `OPTIONS`, [`Emulator::requests`] counts it if the path is known, and faults do
//! not affect it. As in the captures that others published, a page cannot read `Retry-After`. See
//! [Unknown behavior](#unknown-behavior-of-the-real-service).
//!
//! `/auth` and the paths under `/emulator` send no such headers, so pages of other origins cannot read their responses.
//! `/` and the paths under `/emulator` respond with 403 to a request whose `Origin` is not `http://` and the value of
//! its `Host`, and do nothing: a browser sends simple requests of a page without a preflight.
//!
//! # Responses of gateways
//!
//! Something between a client and the service can respond instead of it: Cloudflare, a load balancer, a company's
//! proxy, or the sign-in page of a network. Such a response is not a verdict on the code or the key. [`Fault::gateway`]
//! sends one before the service has seen the request, and with [`Fault::after_commit`] after it has acted. A test can
//! show that a program neither forgets a good key nor assumes that nothing was created. [`GatewayResponse`] lists the
//! responses.
//!
//! ```
//! use http::Request;
//! use openrouter_oauth_emulator::{Emulator, Fault, GatewayResponse};
//! use openrouter_oauth_transport::{Limits, Transport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::new();
//! let key = emulator.issue_management_key();
//! let request = || {
//!     let request = Request::get("https://openrouter.ai/api/v1/key");
//!     request.header("authorization", format!("Bearer {key}")).body(Default::default())
//! };
//!
//! // A firewall rejects the request. The key is still good.
//! emulator.inject(Fault::gateway(GatewayResponse::CloudflareChallenge).on("/key"));
//! let response = emulator.send(request()?, Limits::default()).await?;
//! assert_eq!(response.status(), 403);
//! assert_eq!(response.headers()["cf-mitigated"], "challenge");
//! assert_eq!(emulator.send(request()?, Limits::default()).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! Over HTTP, the same fault is `{"gateway": "cloudflare_challenge", "path": "/key"}`, with `"timing": "after_commit"`
//! if the service acts first.
//!
//! # As a service
//!
//! The command `openrouter-oauth emulator` of `openrouter-oauth-cli` runs the emulator for programs in other processes,
//! containers, and machines:
//!
//! * **Ready line.** The first line of standard output is the base URL. It is printed once connections are accepted.
//! * **Port file.** `--port-file FILE` also writes the port and a newline to a file, before the ready line. The file is
//!   replaced atomically, and removed on Ctrl-C or SIGTERM. After a crash or another signal it stays.
//! * **Health.** `GET` or `HEAD /emulator/health` responds with 200 and `{"status":"ok"}`. It is not logged, and faults
//!   do not affect it. It needs a connection: if all are busy, it waits, and a health check may time out.
//! * **Address.** `--host IP`, or [`Emulator::serve_on`], listens on another address than `127.0.0.1`. See
//!   [Security](#security). `openrouter-oauth` calls `http` on another machine only if the program names the host with
//!   `ClientBuilder::dangerously_allow_http`, or the user with `--insecure-http`.
//! * **Connections.** `--max-connections N`, or [`Settings::max_connections`], limits the connections that are open at
//!   once, 256 by default. When another client connects, the emulator closes the connection that has been idle longest.
//!   A connection is idle until a whole request has arrived, so a part of a head or of a body does not keep it. An idle
//!   connection may be closed just as its client sends the next request. The client then sees a broken connection, as
//!   with any server that closes idle connections. If no connection is idle, the new client waits. A connection whose
//!   client reads nothing for 30 seconds is closed.
//! * **Container.** The repository has `crates/emulator/Containerfile`, and `compose.yaml` next to it with a program
//!   that uses the emulator. They were not run, because no image registry could be reached. Tests run their commands
//!   without a container.
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
//! * the CORS headers: their names and values are those of captures that others published, and which differ in details;
//!   none was made for this project. The response to `OPTIONS` without preflight headers is a guess;
//! * the `x-request-id` header (captures show only `cf-ray`; the emulator sends both), and responses to `HEAD`;
//! * the values of the claims in access tokens. The token has every claim that RFC 9068 requires: `iss` is
//!   `openrouter-oauth-emulator`, `aud` is `https://openrouter.ai/api/v1`, and both `sub` and `client_id` are the
//!   policy's ID;
//! * that the label of a key without a `key_label` is the masked key, such as `sk-or-v1-0e6...1c96`: OpenRouter's API
//!   shows labels of this form, but whether every such key has one is unknown;
//! * that a request with a used-up key gets a 200 from `GET /key`, and that its only budget is its own limit;
//! * the messages about invalid values in `POST /auth/keys/code`, and which keys may call it;
//! * the text and the look of the page, and the effect of its `limit`.
//!
//! # Security
//!
//! The emulator is for tests, and its keys are worthless. By default, it listens only on the loopback interface. Any
//! program on the machine can get a key from it, and control it. A web page that is open in a browser there can call
//! the API, and it can approve or deny a sign-in with `POST /auth`, whose response it cannot read. It cannot control
//! the emulator. If the emulator listens on another address ([`Emulator::serve_on`]), everyone who can reach the port
//! can get keys too. They can also approve sign-ins, change the settings, inject faults, and read the log, and everyone
//! on the way can read the plain `http`. Use such an address only in a test network. The emulator does not check which
//! host a `Host` header names, so a web page whose host name is made to resolve to the emulator (DNS rebinding) has the
//! emulator's origin, and can read and control everything.
//!
//! Memory is bounded: the emulator keeps the last 10,000 codes, the hashes of the last 10,000 keys, 1,024 faults and
//! 1,024 log entries, and accepts up to 256 connections at once ([`Settings::max_connections`]) and bodies of up to 64
//! KiB.
//!
//! [`Transport`]: openrouter_oauth_transport::Transport

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod canned_response;
mod decision;
mod emulator;
mod fault;
mod gateway_response;
mod key_error;
mod key_state;
mod key_update;
mod limit_reset;
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
    gateway_response::GatewayResponse,
    key_error::KeyError,
    key_state::KeyState,
    key_update::KeyUpdate,
    limit_reset::LimitReset,
    log::LogEntry,
    server::{EmulatorServer, ServeError},
    settings::{DenialBehavior, Settings, WrongMethodStatus},
    user::{DecisionError, User},
};
