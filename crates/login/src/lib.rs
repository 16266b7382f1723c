//! Sign in with OpenRouter from a program in a terminal.
//!
//! ```ignore
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use openrouter_oauth::Client;
//! use openrouter_oauth_login::Login;
//!
//! let client = Client::new()?;
//! let signed_in = Login::new(&client).key_label("my-cli").run().await?;
//! println!("signed in as {:?}", signed_in.user_id);
//! # Ok(())
//! # }
//! ```

// In reading order.
mod login;

mod flow;
mod run;

mod cancel;
mod error;
mod event;

mod browser;
mod listener;
mod printable;
mod prompt;
mod qr;
mod store;
mod surroundings;

/// The listener without its socket, for tests and fuzzing; no part of the API.
#[doc(hidden)]
pub mod sans_io {
    pub use crate::listener::{Conversation, Site, Step};
}

pub use crate::{
    browser::{Browser, BrowserError, BrowserFuture, SystemBrowser},
    cancel::Cancel,
    error::Error,
    event::Event,
    listener::{Listener, ListenerError, Page, Stray, Visit},
    login::{Login, SignedIn},
    prompt::{Invitation, Pasted, Prompt, PromptError, PromptFuture, TerminalPrompt},
    store::{Account, FileStore, KeyStore, MemoryStore, StoreError, StoreFuture},
    surroundings::{Headless, Surroundings, default_key_label},
};

#[cfg(feature = "keychain")]
pub use crate::store::KeychainStore;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
