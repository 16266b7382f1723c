//! Sign users in with [OpenRouter](https://openrouter.ai) and get an API key, using OAuth PKCE.
//!
//! ```
//! use openrouter_oauth::{ApiKeyGrant, Client, Error};
//!
//! async fn sign_in(client: &Client) -> Result<ApiKeyGrant, Error> {
//!     let (url, mut sign_in) = client.authorize("https://my.app/callback").key_label("My app").begin()?;
//!
//!     // Send the user to `url`. OpenRouter then redirects the browser to `sign_in.callback_url()` with a code:
//!     let request_target = format!("/callback/{}?code=auth_code_abc123", sign_in.attempt_id());
//! #     assert!(url.as_str().starts_with("https://openrouter.ai/auth?"));
//!     let code = sign_in.read_callback(&request_target)?;
//!     sign_in.exchange(client, &code).await
//! }
//! # use openrouter_oauth::transport::{Limits, from_fn, testing::ManualTimer};
//! # #[cfg(feature = "getrandom")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! # });
//! # let client = Client::builder().transport(openrouter).timer(ManualTimer::new()).build()?;
//! # assert_eq!(sign_in(&client).await?.user_id.as_deref(), Some("user_1"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "getrandom"))]
//! # fn main() {}
//! ```
//!
//! [`Client::new`](Client#method.new) creates the client.
//!
//! Programs that run in a terminal can use [`openrouter-oauth-login`](https://docs.rs/openrouter-oauth-login) instead.
//! It opens the browser, listens for the callback, reads a pasted code if there is no browser, and can store the key.
//!
//! # The flow
//!
//! ```text
//! your program                      the user's browser                  OpenRouter
//!      | authorize().begin()                |                                |
//!      |--- url --------------------------->|--- GET /auth ----------------->|
//!      |    (keep `sign_in`)                |    the user approves           |
//!      |<-- GET /callback/<ID>?code=… ------|<-- redirect to the callback ---|
//!      | sign_in.read_callback()            |                                |
//!      | sign_in.exchange() ---- POST /auth/keys: code, verifier ----------->|
//!      |<----------------------- the API key --------------------------------|
//! ```
//!
//! A program without a callback calls [`Client::authorize_headless`]. OpenRouter's page then shows the code, and
//! [`HeadlessSignIn::read_pasted`] reads what the user pastes. A program that already has a key can create a code
//! without the consent page, with [`Client::create_auth_code`].
//!
//! # Operations
//!
//! [`Client::exchange_auth_code`], [`Client::create_auth_code`], [`Client::current_key`], [`Client::exchange_token`],
//! and [`Client::signing_keys`] each return a [`Call`]. Await it to send the call. Instead,
//! [`Call::send_with_response`] also returns the status, the headers, and the number of attempts. The other methods of
//! `Call` change settings for that call only.
//!
//! # Choosing a transport
//!
//! With the feature `hyper` (on by default), calls go through hyper and rustls. Await them in a tokio runtime with I/O
//! and time enabled. [`ClientBuilder::transport`] accepts any other [`Transport`](transport::Transport), on any
//! runtime. For reqwest, there is
//! [`openrouter-oauth-transport-reqwest`](https://docs.rs/openrouter-oauth-transport-reqwest). Without the feature
//! `hyper`, this crate compiles neither hyper nor tokio.
//!
//! # Without async
//!
//! With the feature `blocking`, the module `blocking` has a client whose calls block the thread. It needs no async
//! runtime. Without the default features, this crate then compiles ureq instead of hyper and tokio:
//!
//! ```toml
//! [dependencies]
//! openrouter-oauth = { version = "0.1", default-features = false, features = ["blocking"] }
//! ```
//!
//! # wasm32
//!
//! On `wasm32-unknown-unknown`, a program in a browser, a Worker, or Node.js provides what the standard library lacks
//! there:
//!
//! ```toml
//! [dependencies]
//! getrandom = { version = "0.4", features = ["wasm_js"] }
//! openrouter-oauth = { version = "0.1", default-features = false, features = ["getrandom"] }
//! ```
//!
//! * Random bytes: the feature `wasm_js` of `getrandom` gets them from JavaScript's `crypto.getRandomValues`. Without the
//!   feature `getrandom` of this crate, implement [`Entropy`] and set it with [`ClientBuilder::entropy`].
//! * The transport: pass a closure that calls `fetch` to [`from_fn`](transport::from_fn), or implement
//!   [`Transport`](transport::Transport). By default, `fetch` breaks the [contract](transport::Transport#contract): it
//!   follows redirects, and can add cookies and a referer. Set `redirect: "manual"`, `credentials: "omit"`,
//!   `referrerPolicy: "no-referrer"`, and `cache: "no-store"`, and abort the request when the future is dropped.
//! * The timer: implement [`Timer`](transport::Timer). Its method `now` returns
//!   [`transport::Instant`], whose `now` works here, and its method `sleep` can use JavaScript's
//!   `setTimeout` through `gloo-timers`. Or call [`ClientBuilder::without_deadline`].
//!
//! Futures must be `Send`, and those of JavaScript are not. Wrap them in `SendWrapper` of the crate `send_wrapper`. Both
//! `gloo-timers` and `send_wrapper` need their feature `futures`. `tests/wasm` in the repository has a timer of this kind,
//! and tests that were run in Node.js. Nothing was run in a browser. This crate needs JavaScript for the wall clock, so
//! it does not work in other hosts of this target.
//!
//! # Proxies and certificates
//!
//! The default transports, on hyper and on ureq, read these environment variables:
//!
//! * `HTTPS_PROXY`, or else `ALL_PROXY`: the URL of a proxy for `https`. `NO_PROXY` lists hosts to connect to directly.
//! * `SSL_CERT_FILE` and `SSL_CERT_DIR`: a file and folders with root certificates in PEM format, to trust instead of the
//!   system's. They have no effect on Windows and macOS.
//!
//! [`openrouter-oauth-transport-hyper`](https://docs.rs/openrouter-oauth-transport-hyper) and
//! [`openrouter-oauth-transport-ureq`](https://docs.rs/openrouter-oauth-transport-ureq) document the details.
//!
//! # Errors
//!
//! [`Error`] is grouped by what to do next. The most important question is whether a code may have been used up: see
//! [`Error::is_outcome_unknown`] and [`Error::may_have_acted`]. A rejection counts as OpenRouter's only with one of its
//! error bodies; for any other, such as a proxy's page, the reason is [`RejectionReason::NotFromOpenRouter`]. No error
//! message contains a secret or a response body.
//!
//! # Security
//!
//! * PKCE is always on, with `S256` and 256 fresh random bits. The callback path contains 128 random bits and `state`
//!   another 128, so that your program does not mistake a foreign callback for the user's.
//! * By default, a request that exchanges or creates a code is retried only if it was certainly not processed.
//! * Keys, codes, and verifiers print as `[redacted]`, and are wiped when dropped. Copies inside hyper and rustls are
//!   not wiped, nor are ureq's copies of headers.
//! * A key is sent only to the service that it belongs to: never to another origin, and never after a redirect.
//! * The client uses `https`, except on loopback hosts and on the one host of a test network that a program may name with
//!   [`ClientBuilder::dangerously_allow_http`]. OpenRouter cannot be named. A key from the environment is never sent to
//!   that host over `http`.
//! * A web app must bind each [`PendingSignIn`] to the user's session, as
//!   [`openrouter-oauth-web`](https://docs.rs/openrouter-oauth-web) does. Every program must keep the key in a safe place.
//!
//! # Testing
//!
//! With a closure as its transport, a client gets its responses from memory:
//!
//! ```
//! use http::{Request, Response};
//! use openrouter_oauth::{Client, transport::{Limits, from_fn}};
//!
//! # #[cfg(feature = "getrandom")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), openrouter_oauth::Error> {
//! let openrouter = from_fn(|request: Request<_>, _: Limits| async move {
//!     assert_eq!(request.uri(), "https://openrouter.ai/api/v1/oauth/jwks");
//!     Ok(Response::new(r#"{"keys":[]}"#.into()))
//! });
//! let client = Client::builder().transport(openrouter).without_deadline().build()?;
//! assert!(client.signing_keys().await?.keys.is_empty());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "getrandom"))]
//! # fn main() {}
//! ```
//!
//! To test a whole sign-in offline, use [`openrouter-oauth-emulator`](https://docs.rs/openrouter-oauth-emulator), which
//! emulates the service. Its documentation has complete examples. There are two ways to connect a client to it:
//!
//! * In memory: an `Emulator` is a transport, so pass a clone to [`ClientBuilder::transport`].
//! * Over TCP: `Emulator::serve` starts a server on a loopback port. Pass its `base_url()` to
//!   [`ClientBuilder::base_url`]. If it runs in another container, also name its host with
//!   [`ClientBuilder::dangerously_allow_http`].
//!
//! The project was tested against its emulator, not against the live service.
//!
//! # Crate features
//!
//! * `blocking`: the module `blocking`, with a client on ureq that needs no async runtime. Not for wasm32. Its
//!   transport uses the same environment variables as that of `hyper`. To change the proxy or the certificates, build a
//!   transport with `transport_ureq::Builder`. In a container without root certificates, use its `webpki_roots`, which
//!   needs the feature `webpki-roots` of `openrouter-oauth-transport-ureq`.
//! * `getrandom` (on by default): [`OsEntropy`], the operating system's random generator, and [`Pkce::generate`]. Without
//!   it, [`ClientBuilder::build`] fails unless you set an [`Entropy`]. The feature `hyper` includes it.
//! * `hyper` (on by default): the transport on hyper, [`Client::new`](Client#method.new), and
//!   [`Client::from_env`](Client#method.from_env). The transport uses the environment's proxy
//!   (`HTTPS_PROXY`, `NO_PROXY`) and, on Linux, its root certificates (`SSL_CERT_FILE`, `SSL_CERT_DIR`). To change the
//!   proxy or the certificates, build a transport with [`transport_hyper::Builder`] and pass it to
//!   [`ClientBuilder::transport`]. To use another TLS provider, enable its feature of
//!   `openrouter-oauth-transport-hyper`.
//! * `tracing`: `TracingHook`, which sends `tracing` events for every attempt.

// Links from other crates lead here if this crate was not documented together with them.
#![doc(html_root_url = "https://docs.rs/openrouter-oauth/latest")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In reading order.
mod client;

mod call;

mod config;

mod sign_in;

#[cfg(feature = "blocking")]
pub mod blocking;

mod hook;

mod error;

mod attribution;
mod base_url;
mod credential;
mod entropy;
mod key_links;

#[doc(inline)]
pub use openrouter_oauth_models as models;
#[doc(inline)]
pub use openrouter_oauth_transport as transport;
#[cfg(feature = "hyper")]
#[doc(inline)]
pub use openrouter_oauth_transport_hyper as transport_hyper;
#[cfg(feature = "blocking")]
#[doc(inline)]
pub use openrouter_oauth_transport_ureq as transport_ureq;

#[doc(inline)]
pub use openrouter_oauth_models::{
    ApiError, ApiKey, ApiKeyGrant, AuthorizationCode, CallbackUrl, CodeChallenge, CodeChallengeMethod,
    CodeVerifier, CreateAuthCode, CreatedAuthCode, CreditLimit, ExchangeAuthCode, ExchangeToken,
    FederationPolicyId, InvalidValue, JwkSet, KeyInfo, KeyLabel, Nullable, Origin, RejectionReason,
    ServerText, SubjectToken, Timestamp, TokenResponse, UsageLimitType, WorkspaceId,
};

pub use crate::{
    attribution::Attribution,
    base_url::OPENROUTER_BASE_URL,
    call::{Call, CallFuture, response::ApiResponse, retry::Retry},
    client::{Client, builder::ClientBuilder},
    entropy::Entropy,
    error::{
        Error, SpentReason,
        outcome_unknown::{OutcomeUnknown, UnknownReason},
        unexpected_response::UnexpectedResponse,
    },
    hook::{Attempt, Hook},
    key_links::KeyLinks,
    sign_in::{
        authorize::{Authorize, AuthorizeUrl, NoCallback},
        callback::CallbackError,
        parts::PendingParts,
        pending::{AnySignIn, HeadlessSignIn, PendingSignIn},
        pkce::Pkce,
        stored::PendingSecret,
    },
};

#[cfg(feature = "getrandom")]
pub use crate::entropy::OsEntropy;
#[cfg(feature = "tracing")]
pub use crate::hook::tracing::TracingHook;

/// The version of this crate, which is also part of the `User-Agent` header.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs the code of the README as a doc test.
#[cfg(all(doctest, feature = "blocking", feature = "hyper"))]
#[doc = include_str!("../README.md")]
struct Readme;
