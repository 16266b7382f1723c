//! The settings of a login, and its result.

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{ApiKey, Client, CreditLimit, KeyLabel, KeyLinks, WorkspaceId, transport::Timer};

use crate::{Account, Browser, Cancel, Event, KeyStore, Prompt, StoreError};

/// The settings of a login.
pub(crate) struct Options {
    pub(crate) client: Client,
    pub(crate) key_label: Option<KeyLabel>,
    pub(crate) limit: Option<CreditLimit>,
    pub(crate) workspace_id: Option<WorkspaceId>,
    pub(crate) required_workspace_id: Option<WorkspaceId>,
    pub(crate) port: u16,
    /// Whether the user pastes a code. Detected if not set.
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
#[must_use = "OpenRouter does not show the key again"]
pub struct SignedIn {
    /// The key. It is valid until the user deletes it.
    pub key: ApiKey,
    /// The ID of the user who signed in, if OpenRouter returned it.
    pub user_id: Option<String>,
    /// The reason why the key could not be stored. `None` if it was stored, or if there is no
    /// [store](crate::Login::store).
    pub not_stored: Option<StoreError>,
    /// The pages of the old key that this one replaced in the store. If OpenRouter still accepts the old key, it stays
    /// valid until the user deletes it.
    pub replaced: Option<KeyLinks>,
}
