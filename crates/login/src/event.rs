//! What happens in a login, for a program that shows it in its own way.

use std::time::Duration;

use openrouter_oauth::AuthorizeUrl;

use crate::{BrowserError, ListenerError, RejectedRequest, StoreError};

/// Something that happened in a login. It holds no secret but the URL, which is for the user's eyes.
#[non_exhaustive]
#[derive(Debug)]
pub enum Event<'a> {
    /// A port listens for the browser.
    Listening {
        /// The port of `127.0.0.1`.
        port: u16,
    },
    /// No port could be listened on; the page shows a code to paste instead.
    NotListening(&'a ListenerError),
    /// The URL for the user.
    Url(&'a AuthorizeUrl),
    /// A browser was opened.
    Opened,
    /// No browser was opened; the user opens the URL by hand.
    NotOpened(&'a BrowserError),
    /// The login waits for the browser, or for a code to be pasted.
    Waiting,
    /// A request that was not the callback. The wait goes on.
    RejectedRequest(RejectedRequest),
    /// A code arrived, and is being exchanged.
    Exchanging,
    /// The exchange was not processed; the login retries it after this time.
    Retrying(Duration),
    /// OpenRouter returned the key.
    Granted,
    /// The key is stored.
    Stored,
    /// The key could not be stored; the caller has it.
    NotStored(&'a StoreError),
}
