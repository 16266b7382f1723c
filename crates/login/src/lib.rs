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
mod browser;
mod listener;
mod prompt;
mod store;

/// The listener without its socket, for tests and fuzzing; no part of the API.
#[doc(hidden)]
pub mod sans_io {
    pub use crate::listener::{Conversation, Site, Step};
}

pub use crate::{
    browser::{Browser, BrowserError, BrowserFuture},
    listener::{Listener, ListenerError, Page, Stray, Visit},
    prompt::{Invitation, Pasted, Prompt, PromptError, PromptFuture},
    store::{Account, KeyStore, StoreError, StoreFuture},
};
