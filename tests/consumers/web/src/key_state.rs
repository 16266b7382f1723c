//! What OpenRouter says about a user's key.

use std::{
    error::Error,
    time::{Duration, UNIX_EPOCH},
};

use openrouter_oauth::KeyInfo;

use crate::{app::App, error::logged, stored_key, users::User};

/// How long the page waits for OpenRouter.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The state of a user's key.
pub(crate) enum KeyState {
    NotConnected,
    Accepted(Box<KeyInfo>),
    /// OpenRouter rejected the key, but perhaps by mistake.
    Doubtful,
    /// OpenRouter rejected the key again, so it was deleted here.
    Rejected,
    /// No vault key opens the stored key.
    Locked,
    /// OpenRouter could not be asked.
    Unknown,
}

impl KeyState {
    /// Asks OpenRouter, and stores what follows from the response.
    pub(crate) async fn refresh(app: &App, user: &User) -> Self {
        let Some(sealed) = &user.sealed_key else {
            return if user.rejected_at.is_some() { Self::Rejected } else { Self::NotConnected };
        };
        let key = match stored_key::open(app, user, sealed) {
            Ok(key) => key,
            Err(error) => {
                tracing::error!(%error, "cannot open a stored key; check VAULT_KEYS");
                return Self::Locked;
            }
        };
        match app.client.with_key(key.clone()).current_key().timeout(TIMEOUT).await {
            Ok(info) => {
                logged(stored_key::accepted(app, user, sealed, &key).await);
                Self::Accepted(Box::new(info))
            }
            // Only OpenRouter itself: the 401 of a proxy says nothing about the key.
            Err(error) if error.is_unauthorized() => {
                let now = app.client.system_time().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                let now = i64::try_from(now).unwrap_or(i64::MAX);
                let is_deleted = logged(stored_key::rejected(app, user, sealed, now).await);
                if is_deleted { Self::Rejected } else { Self::Doubtful }
            }
            Err(error) => {
                tracing::warn!(error = &error as &(dyn Error + 'static), "cannot read a key");
                Self::Unknown
            }
        }
    }
}
