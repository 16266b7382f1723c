//! Lets users of an [`axum`] application connect their [OpenRouter](https://openrouter.ai) account with OAuth (PKCE), and
//! gives the application an API key that they control.
//!
//! **A key is not an identity.** The key belongs to the local user who began the sign-in. Never look up or sign in a
//! user by the `user_id` of a key, or by its `creator_user_id`. The [threat
//! model](https://docs.rs/openrouter-oauth-web/latest/openrouter_oauth_web/threat_model/index.html) describes the
//! attack.
//!
//! [`SignInRouter::router`] gives a [`SignIn`] its routes. The application adds its extractor of the user, here `User`,
//! and a handler that stores the key:
//!
//! ```
//! use axum::{Router, extract::State, http::Response, response::Result};
//! use openrouter_oauth_axum::{Callback, CookieKeys, OneProcessClaims, SignIn, SignInRouter, Subject};
//! # use axum::{extract::FromRequestParts, http::{StatusCode, request::Parts}};
//! # use openrouter_oauth_axum::{SealedKey, VaultKeys};
//! #
//! # #[derive(Clone)]
//! # struct Database(std::sync::Arc<VaultKeys>);
//! # impl Database {
//! #     async fn store_key(&self, user: &str, key: &openrouter_oauth::ApiKey) -> Result<()> {
//! #         SealedKey::seal(&self.0, user, key).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
//! #         Ok(())
//! #     }
//! # }
//! # struct User { id: String }
//! # impl<S: Sync> FromRequestParts<S> for User {
//! #     type Rejection = StatusCode;
//! #     async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> { Ok(Self { id: "17".into() }) }
//! # }
//!
//! impl Subject for User {
//!     fn subject(&self) -> std::borrow::Cow<'_, str> {
//!         self.id.as_str().into()
//!     }
//! }
//!
//! async fn connected(user: User, State(database): State<Database>, callback: Callback) -> Result<Response<String>> {
//!     let connected = callback.finish(&user).await?;
//!     database.store_key(&user.id, connected.key()).await?;
//!     Ok(connected.done().await)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use axum::body::Body;
//! # use openrouter_oauth::{Client, transport_hyper::TokioTimer};
//! # use openrouter_oauth_emulator::{DecisionOutcome, Emulator};
//! # use tower::ServiceExt as _;
//! # let emulator = Emulator::new();
//! # let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).build()?;
//! # let hex = "00112233445566778899aabbccddeeff".repeat(2);
//! # let database = Database(std::sync::Arc::new(VaultKeys::parse(&hex)?));
//! let keys = CookieKeys::parse(&hex)?;
//! let sign_in = SignIn::builder(client, "https://my.app", keys, OneProcessClaims::new(10_000)).build()?;
//! let routes: Router = Router::new()
//!     // The other routes of the application go here.
//!     .merge(sign_in.router::<User, _, _>(connected))
//!     .with_state(database);
//! # let request = |method, path: &str| http::Request::builder().method(method).uri(path);
//! # let begin = request("POST", "/openrouter?return_to=/settings").header("origin", "https://my.app");
//! # let begun = routes.clone().oneshot(begin.body(Body::empty())?).await?;
//! # let header = |name: &str| begun.headers()[name].to_str().unwrap().to_owned();
//! # let user = openrouter_oauth_emulator::User::new(emulator);
//! # let DecisionOutcome::Redirected(url) = user.approve(&header("location"), None).await? else { panic!() };
//! # let cookie = header("set-cookie").split(';').next().unwrap().to_owned();
//! # let callback = request("GET", url.strip_prefix("https://my.app").unwrap()).header("cookie", cookie);
//! # let done = routes.clone().oneshot(callback.body(Body::empty())?).await?;
//! # assert_eq!(done.headers()["location"], "https://my.app/settings");
//! # Ok(())
//! # }
//! ```
//!
//! A page begins a sign-in with a form, `<form method="post" action="/openrouter?return_to=/settings">`, or a link to
//! `/openrouter`, which shows a page with a button. An *attempt* is one run, from there to the key. The README of the
//! crate shows a whole application.
//!
//! ```text
//! the user's browser              these routes, and `connected`                OpenRouter
//!    |--- POST /openrouter ---------->| `User`, then begin()                       |
//!    |<-- 303, Set-Cookie ------------|                                            |
//!    |--- approve ---------------------------------------------------------------->|
//!    |--- GET /openrouter/callback/… >| the extractors of `connected`              |
//!    |                                | finish(): check, claim, exchange --------->|
//!    |                                | store the key, done()                      |
//!    |<-- 303 to `return_to` ---------|                                            |
//! ```
//!
//! [`web`] has the flow in detail.
//!
//! # What the router does
//!
//! * The extractors of the handler run before the exchange. If one rejects the request, nothing is sent to OpenRouter,
//!   and the user can open the callback again.
//! * The handler runs in a task of its own, so the key reaches the application even if the browser goes away. The
//!   process must [wait for such tasks](how_to::shutdown) before it ends.
//! * `callback.finish(&user).await?` returns a page for every ending without a key, such as declined, expired, another
//!   user's, or outcome unknown; see [`Outcome`]. [`NotConnected`] is a response and not an error, so that `?` cannot
//!   turn it into the 500 of an error type such as `anyhow`'s.
//! * Every response of the router has the headers of [`harden`], including your handler's and its 404 and 405.
//!   Responses of layers around it do not, such as that of a layer that catches a panic of your handler: call
//!   [`harden`] in a `map_response`.
//! * The crate logs nothing. `NotConnected` has the reason and its cause for a log. A sign-in that does not even begin
//!   has a [`BeginError`] in the extensions of its response.
//!
//! # If the handler fails
//!
//! After [`finish`](Callback::finish), only the handler has the key. If it fails, the key is lost to the application,
//! and the user sees the application's error; [`Connected`] says what a reload shows. So [prepare as much as possible
//! in extractors](how_to::database), store the key first, and call [`done`](Connected::done) only then.
//!
//! # How to
//!
//! * [Keep users logged in](how_to::sessions) while they are at OpenRouter.
//! * [Store keys](how_to::database) in a database, and rotate the vault keys.
//! * [Find out that a key was deleted](how_to::revocation) at OpenRouter, and disconnect.
//! * [Shut down](how_to::shutdown) without losing a key.
//! * [Run several instances](how_to::several_instances), and rotate the cookie keys.
//! * [Run behind a proxy](how_to::behind_a_proxy), or nested in another router, and keep codes out of logs.
//! * [Write the pages yourself](how_to::custom_pages), and pass data from the beginning to the end.
//! * [Test](how_to::testing) with the emulator.
//!
//! # Crate features
//!
//! * `redis`: `RedisClaims`. It adds about fifty crates, and needs Rust 1.88. Off by default.

#![doc(html_root_url = "https://docs.rs/openrouter-oauth-axum/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In reading order.
mod router;

mod callback;
mod nested_routes;
mod not_connected;

#[cfg(any(doc, doctest))]
pub mod how_to;

// An application needs only this crate and the one of its client.
#[doc(no_inline)]
pub use openrouter_oauth_web::{
    self as web, BeginError, Connected, CookieKeys, OneProcessClaims, Outcome, Page, PageAction, PageKind,
    SealedKey, SignIn, Subject, VaultKeys, harden,
};

#[cfg(feature = "redis")]
pub use openrouter_oauth_web::RedisClaims;

pub use crate::{
    callback::{Callback, MissingSignIn},
    not_connected::NotConnected,
    router::SignInRouter,
};

/// Runs the code of the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
