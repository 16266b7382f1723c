//! What a login is asked to do, and what it returns.

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{ApiKey, Client, CreditLimit, KeyLabel, WorkspaceId, transport::Timer};

use crate::{Account, Browser, Cancel, Event, KeyStore, Prompt, StoreError};

/// What a login is asked to do.
pub(crate) struct Options {
    pub(crate) client: Client,
    pub(crate) key_label: Option<KeyLabel>,
    pub(crate) limit: Option<CreditLimit>,
    pub(crate) workspace_id: Option<WorkspaceId>,
    pub(crate) required_workspace_id: Option<WorkspaceId>,
    pub(crate) port: u16,
    /// Whether the user has to paste a code; detected if nobody says so.
    pub(crate) headless: Option<bool>,
    pub(crate) browser: Option<Arc<dyn Browser>>,
    pub(crate) prompt: Option<Arc<dyn Prompt>>,
    pub(crate) store: Option<Arc<dyn KeyStore>>,
    pub(crate) account: Account,
    pub(crate) events: EventSink,
    pub(crate) cancel: Cancel,
    pub(crate) cancels_on_ctrl_c: bool,
    pub(crate) timeout: Duration,
    pub(crate) timer: Option<Arc<dyn Timer>>,
}

/// Receives the events of a login. It does not panic.
pub(crate) type EventSink = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// The result of a login.
#[non_exhaustive]
#[derive(Debug)]
#[must_use = "the key is shown this once"]
pub struct SignedIn {
    /// The key. It works until the user deletes it.
    pub key: ApiKey,
    /// The user who signed in, if OpenRouter returned it.
    pub user_id: Option<String>,
    /// Why the key could not be stored. None if it was, or if there is no [store](crate::Login::store).
    pub not_stored: Option<StoreError>,
}
