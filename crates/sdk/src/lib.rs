//! Sign users in with OpenRouter and receive an API key, by OAuth PKCE.
//!
//! ```
//! use openrouter_oauth::{ApiKeyGrant, Client, Error};
//!
//! async fn sign_in(client: &Client) -> Result<ApiKeyGrant, Error> {
//!     let (url, mut pending) = client.authorize("https://my.app/callback").key_label("My app").begin()?;
//!
//!     // Send the user to `url`. The browser comes back to `pending.callback_url()` with a code:
//!     let request_target = format!("/callback/{}?code=auth_code_abc123", pending.attempt_id());
//! #     assert!(url.as_str().starts_with("https://openrouter.ai/auth?"));
//!     let code = pending.read_callback(&request_target)?;
//!     pending.exchange(client, &code).await
//! }
//! # use openrouter_oauth::transport::{Limits, from_fn, testing::ManualTimer};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! # });
//! # let client = Client::builder().transport(openrouter).timer(ManualTimer::new()).build()?;
//! # assert_eq!(sign_in(&client).await?.user_id.as_deref(), Some("user_1"));
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::new`](Client#method.new) returns a client for it.
//!
//! # The flow
//!
//! ```text
//! your program                      the user's browser                  OpenRouter
//!      | authorize().begin()                |                                |
//!      |--- url --------------------------->|--- GET /auth ----------------->|
//!      |    (keep `pending`)                |    the user approves           |
//!      |<-- GET /callback/<ID>?code=… ------|<-- to the callback ------------|
//!      | pending.read_callback()            |                                |
//!      | pending.exchange() ---- POST /auth/keys: code, verifier ----------->|
//!      |<----------------------- the API key --------------------------------|
//! ```
//!
//! Without a callback, [`Client::authorize_headless`] makes a URL whose page shows the code, for
//! [`HeadlessSignIn::read_pasted`]. With a key at hand, [`Client::create_auth_code`] makes a code without a page.
//!
//! # Operations
//!
//! [`Client::exchange_auth_code`], [`Client::create_auth_code`], [`Client::current_key`], [`Client::exchange_token`] and
//! [`Client::signing_keys`] each return a [`Call`]: `.await` sends it, [`Call::send`] also returns status, headers and
//! attempts, and its methods set what is different for this one call.
//!
//! # Choosing a transport
//!
//! With the feature `hyper` (on by default) requests go through hyper and rustls, inside a tokio runtime with I/O and
//! time enabled. [`ClientBuilder::transport`] takes any other [`Transport`](transport::Transport), on any runtime;
//! without the feature neither hyper nor tokio is compiled.
//!
//! # Errors
//!
//! [`Error`] is grouped by what to do next. What matters most is whether a code may have been used up: see
//! [`Error::is_outcome_unknown`]. No error holds a secret or a body in its text.
//!
//! # Security
//!
//! * PKCE is always on, with `S256` and 256 fresh random bits. The callback path has 128 bits of its own and `state`
//!   another 128, so that nobody else's callback is taken for the user's.
//! * An exchange or a creation of a code is retried only if it surely was not processed.
//! * Keys, codes and verifiers print as `[redacted]` and are wiped when dropped. Copies inside hyper and rustls are not.
//! * A key goes to its own service only: not to another origin, and not after a redirect.
//! * What is left to you: keep the [`PendingSignIn`] of a web login bound to the user's session, and the key in a safe place.
//!
//! # Crate features
//!
//! * `hyper` (on by default): the transport on hyper, [`Client::new`](Client#method.new) and
//!   [`Client::from_env`](Client#method.from_env). It uses the environment's proxies; another one, and
//!   certificates, are settings of [`transport_hyper::Builder`], whose transport goes to [`ClientBuilder::transport`].
//!   Other TLS libraries are features of that crate, to be turned on there.
//! * `tracing`: `TracingHook`, which sends an event to `tracing` for every attempt.

// In reading order.
mod client;

mod call;

mod config;

mod sign_in;

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
    entropy::{Entropy, OsEntropy},
    error::{
        Error, SpentReason,
        outcome_unknown::{OutcomeUnknown, UnknownReason},
    },
    hook::{Attempt, Hook},
    key_links::KeyLinks,
    sign_in::{
        authorize::{Authorize, AuthorizeUrl, NoCallback},
        callback::CallbackError,
        pending::{AnySignIn, HeadlessSignIn, PendingSignIn},
        pkce::Pkce,
        stored::PendingSecret,
    },
};

#[cfg(feature = "tracing")]
pub use crate::hook::tracing::TracingHook;

/// The version of this SDK, which is also in the `User-Agent` of its requests.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
