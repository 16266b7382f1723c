//! Lets users of a web application connect their [OpenRouter](https://openrouter.ai) account, and gives the application
//! an API key that they control.
//!
//! The crate works on the types of `http`, without a framework and without a runtime. For axum, use
//! [`openrouter-oauth-axum`](https://docs.rs/openrouter-oauth-axum), which is built on it. An *attempt* is one run of
//! the sign-in, from the button to the key.
//!
//! **A key is not an identity.** OpenRouter grants a key; it does not authenticate the user. The key belongs to the
//! local user, or to the anonymous session, that began the attempt: the [`Subject`]. Never look up, create, or sign in
//! a user by `user_id`, which is [`Unverified`], or by `creator_user_id` of `current_key`. The [threat
//! model](threat_model) describes the attack, step by step.
//!
//! # The flow
//!
//! ```text
//! the user's browser                         your application                     OpenRouter
//!    |--- POST /openrouter ------------------------>| begin(): seal the verifier       |
//!    |<-- 303, Set-Cookie: one for each attempt ----|   in the cookie                  |
//!    |--- GET /auth ------------------------------------------------------------------>|
//!    |<-- 303 to the callback, with a code ------------------------------- approved ---|
//!    |--- GET /openrouter/callback/ATTEMPT?code=… ->| callback(): check, in this order |
//!    |    with the cookie                           |   method, prefetch, cookie, seal,|
//!    |                                              |   age, state, code               |
//!    |                                              | finish(): subject, then claim    |
//!    |                                              |--- POST /auth/keys: the code --->|
//!    |                                              |<-- the API key ------------------|
//!    |<-- 303 to `return_to` -----------------------| store the key, done()            |
//! ```
//!
//! # Example
//!
//! This function is the core of an adapter: pass it every request for `/openrouter` and the paths under it. The example
//! [`tower_service`](https://docs.rs/crate/openrouter-oauth-web/latest/source/examples/tower_service.rs) adds the task
//! that survives the browser, [`harden`], and a response for users who are not logged in.
//!
//! ```
//! use http::{Response, request::Parts};
//! use openrouter_oauth_web::{CookieKeys, OneProcessClaims, Route, SealedKey, SignIn, VaultKeys};
//!
//! /// Responds to a request of the logged-in user `user`.
//! async fn respond(sign_in: &SignIn, vault: &VaultKeys, parts: &Parts, user: &str) -> Response<String> {
//!     match sign_in.route(parts) {
//!         Route::Begin => sign_in.begin(parts, user, SignIn::return_to(parts).as_deref(), b""),
//!         Route::Callback => match sign_in.callback(parts).finish(user).await {
//!             Ok(connected) => match SealedKey::seal(vault, user, connected.key()) {
//!                 Ok(sealed) => {
//!                     store(user, sealed.as_str());
//!                     connected.done().await
//!                 }
//!                 Err(error) => failed(error),
//!             },
//!             Err(ending) => ending.into_response(),
//!         },
//!         Route::Other(response) => *response,
//!     }
//! }
//! # fn store(_user: &str, sealed: &str) { assert!(sealed.starts_with("v1.")) }
//! # fn failed(error: openrouter_oauth_web::SealedKeyError) -> Response<String> { panic!("{error}") }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use openrouter_oauth::{Client, transport::testing::ManualTimer};
//! # use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
//! # let emulator = Emulator::new();
//! # let client = Client::builder().transport(emulator.clone()).timer(ManualTimer::new()).build()?;
//! # let (cookie_keys, vault_keys) = ("00112233445566778899aabbccddeeff".repeat(2), "0123456789abcdef".repeat(4));
//! // Both keys are secrets of the application: `openssl rand -hex 32` prints one.
//! let vault = VaultKeys::parse(&vault_keys)?;
//! let sign_in = SignIn::builder(client, "https://my.app", CookieKeys::parse(&cookie_keys)?, OneProcessClaims::new(10_000))
//!     .key_label("my app")
//!     .build()?;
//! # let begin = http::Request::post("/openrouter?return_to=/settings").header("origin", "https://my.app").body(())?;
//! # let begun = respond(&sign_in, &vault, &begin.into_parts().0, "17").await;
//! # let header = |name: &str| begun.headers()[name].to_str().unwrap();
//! # let DecisionOutcome::Redirected(url) = User::new(emulator).approve(header("location"), None).await? else { panic!() };
//! # let cookie = header("set-cookie").split(';').next().unwrap();
//! # let callback = http::Request::get(url.strip_prefix("https://my.app").unwrap()).header("cookie", cookie).body(())?;
//! # let done = respond(&sign_in, &vault, &callback.into_parts().0, "17").await;
//! # assert_eq!(done.headers()["location"], "https://my.app/settings");
//! # Ok(())
//! # }
//! ```
//!
//! A page of the application begins a sign-in with a form: `<form method="post" action="/openrouter">`. The page must
//! not have `Referrer-Policy: no-referrer`, because browsers then send `Origin: null`, and the user has to press
//! another button. If it has a `Content-Security-Policy`, that needs `form-action 'self' https:`, because browsers also
//! apply it to redirects. A link to `/openrouter`, which shows a page with a button, needs neither.
//!
//! # Choosing a store of claims
//!
//! A callback can arrive twice, even at two instances. Before an exchange, `finish` therefore [claims](Claims) the
//! attempt in a store. Of all requests, one wins and sends the code; the others wait for it and send nothing.
//!
//! * [`OneProcessClaims`] is for a single instance.
//! * `RedisClaims`, with the feature `redis`, is for several. So is the example
//!   [`postgres_claims`](https://docs.rs/crate/openrouter-oauth-web/latest/source/examples/postgres_claims.rs).
//! * [`claims::contract`] checks a store of your own.
//!
//! # Errors
//!
//! * [`SignInBuilder::build`] returns a [`BuildError`] with every invalid setting.
//! * [`SignIn::begin`] returns a page if the sign-in cannot begin. The [`BeginError`] is in the extensions of the
//!   response.
//! * [`Callback::finish`] returns an [`Ending`], which is the response, and has the [`Outcome`] and its cause for a
//!   log. If this callback ended the attempt, the response also replaces its cookie, so that a reload shows the same
//!   page.
//!   * After [`Outcome::TryAgain`], such as when the store is down or OpenRouter is busy, a reload exchanges the code.
//!   * After [`Outcome::OutcomeUnknown`], the code is not sent again, and the page says which label to look for. If an
//!     instance dies in the middle, or cannot store the key, a later reload says so; see [`Connected`].
//!
//! # Security
//!
//! The [threat model](threat_model) says what a cookie binds, what a claim stops, and what a thief of each key can do.
//! The application must do this:
//!
//! * Run `finish` and the code that stores the key in a task that outlives the connection, and let such tasks end
//!   before the process does. Web servers drop a handler when its browser goes away, and the key would be lost.
//! * Store the key before [`Connected::done`], which records that the sign-in is finished.
//! * Call [`harden`] on all its own responses under the mount.
//! * Limit the rate of callbacks for each user, because each may make a claim and an exchange.
//! * Use different keys for [`CookieKeys`] and [`VaultKeys`].
//! * Protect the sessions of its users, as for any other page, with a new session ID after the user logs in.
//! * Keep the query of callbacks out of logs, because it contains the code. The headers with secrets are marked as
//!   sensitive.
//!
//! # Crate features
//!
//! * `redis`: `RedisClaims`. It adds about fifty crates, among them tokio, and needs Rust 1.88. Off by default.

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth-web/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In reading order.
mod sign_in;

mod begin;
mod callback;
mod finish;

mod connected;
mod ending;
mod outcome;

pub mod claims;
mod keys;
mod sealed_key;

mod page;
mod response;
mod route;
mod subject;
mod unverified;

mod claimant;
mod cookie;
mod permits;
mod return_to;
mod seal;
mod settings;

#[cfg(doc)]
#[doc = include_str!("../docs/threat-model.md")]
pub mod threat_model {}

#[cfg(feature = "redis")]
pub use crate::claims::RedisClaims;
pub use crate::{
    begin::BeginError,
    callback::Callback,
    claims::{Claim, Claims, OneProcessClaims},
    connected::Connected,
    ending::Ending,
    keys::{CookieKeys, InvalidKeys, VaultKeys},
    outcome::Outcome,
    page::{Page, action::PageAction, kind::PageKind},
    response::harden,
    route::Route,
    sealed_key::{SealedKey, SealedKeyError},
    sign_in::{SignIn, builder::SignInBuilder, error::BuildError},
    subject::Subject,
    unverified::Unverified,
};

/// Runs the code of the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
