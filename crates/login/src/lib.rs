//! Sign in with OpenRouter from a program in a terminal.
//!
//! ```
//! # use openrouter_oauth::{transport::{Limits, from_fn}, transport_hyper::TokioTimer};
//! # use openrouter_oauth_login::testing::TestUser;
//! use openrouter_oauth::Client;
//! use openrouter_oauth_login::{Ensured, FileStore, Login};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::new();
//!     let store = FileStore::for_program("my-cli")?;
//! #   let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
//! #       Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
//! #   });
//! #   let client = Client::builder().transport(openrouter).timer(TokioTimer::new()).build()?;
//! #   let folder = tempfile::tempdir()?;
//! #   let store = FileStore::new(folder.path().join("keys/my-cli.json"));
//!     let login = Login::new(&client).key_label("my-cli").store(store);
//! #   let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
//!     let ensured = login.ensure().await?;
//!     match &ensured {
//!         Ensured::SignedIn(_) => println!("You are signed in."),
//!         Ensured::Unchecked { error, .. } => eprintln!("could not check the stored key: {error}"),
//!         _ => {}
//!     }
//!     let client = client.with_key(ensured.into_key());
//!     Ok(())
//! }
//! ```
//!
//! The first start signs in and stores the key. Later starts return that key, as long as OpenRouter does not reject it.
//! See [`Login::ensure`] for what happens offline, behind a firewall, and when several processes start at once.
//!
//! Your manifest needs three dependencies: this crate, `openrouter-oauth` with its default feature `hyper` (for
//! `Client::new`), and tokio with `macros` and `rt-multi-thread`. A program [without async](#runtime) needs no tokio.
//!
//! # The flow
//!
//! ```text
//! your program: Login                the user's browser               OpenRouter
//!      | 1. KeyStore: can it save a key?    |                             |
//!      | 2. Listener: takes a free port     |                             |
//!      | 3. Prompt: shows the URL           |                             |
//!      |--- 4. Browser: opens the URL ----->|--- GET /auth -------------->|
//!      |                                    |    the user approves        |
//!      |<-- 5. GET /callback/<id>?code=… ---|<-- to 127.0.0.1 ------------|
//!      |--- 6. POST /auth/keys: code, verifier -------------------------->|
//!      |<---------------------- the API key ------------------------------|
//!      | 7. KeyStore: saves the key         |                             |
//!      |--- 8. the page with the result --->|                             |
//! ```
//!
//! Over SSH, in a container, or without a display, a browser cannot reach the program. The login then skips steps 2, 4,
//! and 8: OpenRouter's page shows a code, and the user pastes it at the prompt. If a browser opens but cannot reach the
//! program, the user can paste the URL from its address bar. The login uses the first code that arrives, from the
//! browser or the prompt.
//!
//! # Stores
//!
//! [`FileStore::for_program`] returns a store for your program. The example `sign_in_once` is a complete program. To
//! create a new key each time, without or in spite of a stored one, use [`Login::run`].
//!
//! Before the browser opens, [`KeyStore::check`] finds out whether a new key could be stored: the [`FileStore`] writes a
//! file next to the real one. A store that fails or panics after that does not lose the key: see
//! [`SignedIn::not_stored`].
//!
//! A program that supports several accounts names them with [`Login::account`]. If a store fails, the login does not
//! fall back to another one. To use one store in several parts of a program, share it in an [`Arc`](std::sync::Arc),
//! which is also a [`KeyStore`].
//!
//! # Using the steps separately
//!
//! You can use each step without [`Login`]:
//!
//! * [`Listener`] waits on a loopback port for the callback of a [`PendingSignIn`](openrouter_oauth::PendingSignIn),
//!   and responds to it.
//! * [`SystemBrowser`] opens the authorize URL. Implement [`Browser`] to open it in another way.
//! * [`TerminalPrompt`] shows the URL and reads the pasted code. Implement [`Prompt`] to ask in another way.
//! * [`Headless::detect`] detects whether a browser can reach this program, and [`default_key_label`] names a key after
//!   the program and the host.
//! * [`KeyStore`] is the trait for storing keys, implemented by [`FileStore`], [`MemoryStore`], and, with the feature
//!   `keychain`, `KeychainStore`.
//!
//! [`Login::on_event`] reports each step, and [`Cancel`] ends a login from elsewhere in the program.
//!
//! # Errors
//!
//! [`Error`] is grouped by what to do next. In the most important case, OpenRouter may have created a key that the
//! program did not receive. [`Error::is_outcome_unknown`] detects it, and the message names the label to look for.
//! After [`Error::TimedOut`] and [`Error::Cancelled`] there is no such key. A failure to store the key is not an error:
//! it is reported in [`SignedIn::not_stored`], because the key exists and OpenRouter does not show it again. No error
//! message contains a secret.
//!
//! If no browser can reach the program and there is no terminal, a login ends with [`Error::NoInput`]. A script can
//! pipe the code in: see [`TerminalPrompt::stdin`].
//!
//! A login retries an exchange only if the request was not sent or OpenRouter asks it to wait, and only within its time
//! limit.
//!
//! # Security
//!
//! * The operating system chooses the port, on `127.0.0.1`. The listener accepts only a browser's own navigation to
//!   this host whose path has the attempt ID of this sign-in (128 random bits). Every other request is rejected and
//!   changes nothing.
//! * A returned `state` must match. PKCE binds the code to a verifier that leaves this process only for the exchange.
//! * The browser gets the URL as one argument, without a shell. It inherits no environment variable that begins with
//!   `OPENROUTER_`.
//! * A key is stored under the service that issued it.
//!
//! Other users of the same machine can read the command line of a browser while it starts, and with it the authorize
//! URL: the attempt ID, the state, and the challenge. Such a user can end the login, or give it a key of *their*
//! account and then see how it is used. They cannot get the user's key. Where that matters, have the user paste a code
//! ([`headless`](Login::headless)) or open the page themselves ([`no_browser`](Login::no_browser)).
//!
//! # Runtime
//!
//! Everything runs inside a tokio runtime with I/O and time enabled, such as that of `#[tokio::main]`. Without a
//! runtime, a login returns [`Error::NoRuntime`].
//!
//! A program without async calls [`ensure_blocking`](Login::ensure_blocking) or [`run_blocking`](Login::run_blocking),
//! which create their own runtime. They work with either client: `openrouter_oauth::Client`, or, with the feature
//! `blocking`, `openrouter_oauth::blocking::Client`, which can then make the program's other calls.
//!
//! A login measures its time limit with the client's [`Timer`](openrouter_oauth::transport::Timer). If a client with a
//! custom transport has no timer, set one with [`Login::timer`].
//!
//! # Crate features
//!
//! * `blocking`: `Login::with_blocking_client`, for programs that make their calls with
//!   `openrouter_oauth::blocking::Client`.
//! * `testing`: `testing::TestUser`, which replaces the user in the tests of your program.
//! * `keychain`: `KeychainStore`, which stores keys in the system's keychain. It adds about a hundred crates on Linux,
//!   and needs Rust 1.88.
#![cfg_attr(docsrs, feature(doc_cfg))]

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
    login::{Ensured, Login, SignedIn},
    prompt::{Pasted, Prompt, PromptError, PromptFuture, SignInInstructions, TerminalPrompt},
    store::{Account, FileStore, KeyStore, MemoryStore, SignInLock, StoreError, StoreFuture},
};

#[cfg(feature = "keychain")]
pub use crate::store::KeychainStore;

#[doc(hidden)]
pub use crate::store::SecretFile;

#[cfg(all(doctest, feature = "blocking"))]
#[doc = include_str!("../README.md")]
struct Readme;
