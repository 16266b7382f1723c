//! Sign in with OpenRouter from a program in a terminal.
//!
//! ```
//! # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
//! # use openrouter_oauth_login::testing::TestUser;
//! use openrouter_oauth::Client;
//! use openrouter_oauth_login::Login;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::new();
//! #   let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #       Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! #   });
//! #   let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
//!     let login = Login::new(&client).key_label("my-cli");
//! #   let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
//!     let signed_in = login.run().await?;
//!     println!("signed in as {:?}", signed_in.user_id);
//! #   assert_eq!(signed_in.user_id.as_deref(), Some("user_1"));
//!     Ok(())
//! }
//! ```
//!
//! The manifest names both crates, since `Client::new` comes from `openrouter-oauth` with its feature `hyper` (on by
//! default), and tokio with `macros` and `rt-multi-thread`.
//!
//! # The flow
//!
//! ```text
//! your program: Login                the user's browser               OpenRouter
//!      | 1. KeyStore: can it be used?       |                             |
//!      | 2. Listener: a free port           |                             |
//!      | 3. Prompt: shows the URL           |                             |
//!      |--- 4. Browser: opens it ---------->|--- GET /auth -------------->|
//!      |                                    |    the user approves        |
//!      |<-- 5. GET /callback/<id>?code=… ---|<-- to 127.0.0.1 ------------|
//!      |--- 6. POST /auth/keys: code, verifier -------------------------->|
//!      |<---------------------- the API key ------------------------------|
//!      | 7. KeyStore: keeps the key         |                             |
//!      |--- 8. the page with the result --->|                             |
//! ```
//!
//! Over SSH, in a container or without a display no browser can come back. Then steps 2, 4 and 8 are left out: the page
//! shows a code, and the user pastes it at the prompt. The address that a browser ended at can be pasted, too. The first
//! code that comes is the one, however it comes.
//!
//! # Signing in once
//!
//! What a program usually wants: the key that is kept, or else a login.
//!
//! ```
//! # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
//! # use openrouter_oauth_login::testing::TestUser;
//! use openrouter_oauth::Client;
//! use openrouter_oauth_login::{Account, FileStore, KeyStore, Login};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new();
//! # let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #     Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! # });
//! # let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
//! let store = FileStore::for_program("my-cli")?;
//! # let folder = tempfile::tempdir()?;
//! # let store = FileStore::new(folder.path().join("keys/my-cli.json"));
//! # let kept = store.clone();
//! let key = match store.load(&Account::new(&client)).await? {
//!     Some(key) => key,
//!     None => {
//!         let login = Login::new(&client).key_label("my-cli").store(store);
//! #       let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
//!         let signed_in = login.run().await?;
//!         if let Some(error) = signed_in.not_stored {
//!             eprintln!("the next start signs in again: {error}");
//!         }
//!         signed_in.key
//!     }
//! };
//! # assert!(kept.load(&Account::new(&client)).await?.is_some());
//! let client = client.with_key(key);
//! # Ok(())
//! # }
//! ```
//!
//! A key has no expiry of its own, but its owner can delete it. If a call then fails with 401, [forget
//! it](KeyStore::delete) and log in again. Who has several accounts names them: [`Login::account`]. Nothing is kept
//! without a [store](Login::store), and no store falls back to another. A store that several parts of a program use is
//! handed around in an [`Arc`](std::sync::Arc), which is a [`KeyStore`] as well.
//!
//! # The steps alone
//!
//! Each is of use by itself:
//!
//! * [`Listener`] waits on a loopback port for the callback of a [`PendingSignIn`](openrouter_oauth::PendingSignIn), and
//!   responds to it.
//! * [`SystemBrowser`] opens the authorize URL; [`Browser`] is for another way.
//! * [`TerminalPrompt`] shows the URL and reads the pasted code; implement [`Prompt`] to ask in another way.
//! * [`Headless::detect`] tells whether a browser can come back, and [`default_key_label`] names a key after program and host.
//! * [`KeyStore`] keeps keys: [`FileStore`], [`MemoryStore`], and `KeychainStore` by a feature.
//!
//! [`Login::on_event`] tells of each step, and [`Cancel`] ends a login from elsewhere in the program.
//!
//! # Errors
//!
//! [`Error`] tells what to do next. What matters most is whether a key may have been made that nobody holds: see
//! [`Error::is_outcome_unknown`]; the message names the label to look for. After [`Error::TimedOut`] and
//! [`Error::Cancelled`] there is none. A key that could not be stored is no error but [`SignedIn::not_stored`]: it was
//! made, and is shown this once. No error holds a secret in its text.
//!
//! A code is tried again only if nothing was sent, or the service asks to wait, and that fits into the time left.
//!
//! # Security
//!
//! * The port is one of `127.0.0.1` that the system chooses. A request counts if its path has the attempt ID of this sign-in,
//!   128 random bits, and it is a browser's own navigation to this host. Every other is rejected, and changes nothing.
//! * `state` has to match where it comes back, and PKCE binds the code to a verifier that never leaves this process but
//!   for the exchange.
//! * The browser gets the URL as one argument, without a shell, and no variable of the environment that begins with
//!   `OPENROUTER_`.
//! * A key is stored under the service that issued it.
//!
//! Other users of the same machine can read the command line of a browser while it starts, and so the authorize URL with
//! attempt ID, state and challenge. Such a user can end the login, or have it get a key of *their* account, whose use they then
//! see. They cannot have the user's key. Where that matters, have a code pasted ([`headless`](Login::headless)), or let the
//! user open the page ([`no_browser`](Login::no_browser)).
//!
//! # Runtime
//!
//! All of it runs inside a tokio runtime with I/O and time enabled, as `#[tokio::main]` makes one; without any a login is
//! [`Error::NoRuntime`]. A login holds its time limit by the client's [`Timer`](openrouter_oauth::transport::Timer): a
//! client with a transport of its own needs one, or the login does ([`Login::timer`]).
//!
//! # Crate features
//!
//! * `testing`: `testing::TestUser`, which takes the place of the user in the tests of your program.
//! * `keychain`: `KeychainStore`, which keeps keys in the keychain of the system. It brings about a hundred crates on
//!   Linux, and needs Rust 1.88.

// In reading order.
mod login;

mod flow;
mod session;

mod key_label;

mod cancel;
mod error;
mod event;

mod browser;
mod headless;
mod listener;
mod prompt;
mod qr;
mod store;

#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
#[cfg(feature = "_fuzzing")]
pub mod fuzzing;

pub use crate::{
    browser::{Browser, BrowserError, BrowserFuture, SystemBrowser},
    cancel::Cancel,
    error::{Error, OutcomeUnknownReason},
    event::Event,
    headless::Headless,
    key_label::default_key_label,
    listener::{CallbackRequest, Listener, ListenerError, RejectedRequest, ResultPage},
    login::{Login, SignedIn},
    prompt::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions, TerminalPrompt},
    store::{Account, FileStore, KeyStore, MemoryStore, StoreError, StoreFuture},
};

#[cfg(feature = "keychain")]
pub use crate::store::KeychainStore;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
