//! The events of a login, for programs that show them in their own way.

use std::time::Duration;

use openrouter_oauth::AuthorizeUrl;

use crate::{BrowserError, ListenerError, RejectedRequest, StoreError};

/// An event of a login. It contains no secret except the URL, which only the user should see.
#[non_exhaustive]
#[derive(Debug)]
pub enum Event<'a> {
    /// OpenRouter rejected the stored key, so [`Login::ensure`](crate::Login::ensure) signs in.
    StoredKeyRejected(&'a openrouter_oauth::Error),
    /// Another program is signing in with the same store. [`Login::ensure`](crate::Login::ensure) waits for its key.
    OtherSignIn,
    /// The login is listening on a port for the browser.
    Listening {
        /// The port of `127.0.0.1`.
        port: u16,
    },
    /// The login could not listen on a port. The page shows a code to paste instead.
    NotListening(&'a ListenerError),
    /// The authorize URL, for the user to open.
    Url(&'a AuthorizeUrl),
    /// The login opened a browser.
    Opened,
    /// The login could not open a browser. The user must open the URL.
    NotOpened(&'a BrowserError),
    /// The login is waiting for the browser or a pasted code.
    Waiting,
    /// The user has pasted three wrong or rejected codes. The login waits only for the browser.
    StoppedAsking {
        /// The problem with the last code.
        problem: &'a str,
    },
    /// The listener rejected a request that was not the callback. The login is still waiting.
    RejectedRequest(RejectedRequest),
    /// A code arrived, and the login is exchanging it.
    Exchanging,
    /// The service did not process the exchange. The login will retry it after this time.
    Retrying(Duration),
    /// OpenRouter returned the key. The login stores it next.
    Granted {
        /// The ID of the user who signed in, if OpenRouter returned it.
        user_id: Option<&'a str>,
    },
    /// The login stored the key.
    Stored,
    /// The login could not store the key. It still returns the key, with this error in
    /// [`SignedIn::not_stored`](crate::SignedIn::not_stored).
    NotStored(&'a StoreError),
}
