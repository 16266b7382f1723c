//! The state of the application.

use std::sync::Arc;

use openrouter_oauth::{Client, Origin};
use openrouter_oauth_axum::VaultKeys;
use tokio_util::task::TaskTracker;

use crate::database::Database;

/// The state of the application.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) database: Database,
    /// The secrets that encrypt the users' keys.
    pub(crate) vault: Arc<VaultKeys>,
    /// The origin that browsers see.
    pub(crate) origin: Origin,
    /// The callbacks that run, each in a task of its own. The process ends after them.
    pub(crate) callbacks: TaskTracker,
}
