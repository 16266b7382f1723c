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

pub use crate::{
    browser::{Browser, BrowserError, BrowserFuture},
    listener::{Listener, ListenerError, Page, Stray, Visit},
    prompt::{Invitation, Pasted, Prompt, PromptError, PromptFuture},
    store::{Account, FileStore, KeyStore, MemoryStore, StoreError, StoreFuture},
};

#[cfg(feature = "keyring")]
pub use crate::store::KeychainStore;
