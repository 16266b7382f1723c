//! The key that a command uses.

use openrouter_oauth::{ApiKey, Client, models::KeyInfo};

use crate::{args::StoreKind, exit::Failure, input, store::Store};

const VARIABLE: &str = "OPENROUTER_API_KEY";

/// A key, and where it was found.
pub(crate) struct KeyWithSource {
    pub(crate) key: ApiKey,
    /// The name of its source for `--json`.
    pub(crate) source: &'static str,
    /// Where it was found, for messages.
    pub(crate) location: String,
}

/// Returns the key in the environment, or else the stored key.
pub(crate) async fn find(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    if let Some(text) = input::variable(VARIABLE)? {
        let key = ApiKey::parse(text.trim())?;
        return Ok(KeyWithSource { key, source: "environment", location: VARIABLE.to_owned() });
    }
    stored(kind, client).await
}

/// Returns the stored key.
pub(crate) async fn stored(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    let store = Store::open(kind, client)?;
    let key = store.load().await?.ok_or(Failure::NotSignedIn)?;
    Ok(KeyWithSource { key, source: kind.name(), location: store.location })
}

/// Returns whether the environment has a key.
pub(crate) fn is_in_environment() -> bool {
    matches!(input::variable(VARIABLE), Ok(Some(_)) | Err(_))
}

impl KeyWithSource {
    /// Returns the service's description of the key.
    pub(crate) async fn info(&self, client: &Client) -> Result<KeyInfo, Failure> {
        client.with_key(self.key.clone()).current_key().await.map_err(|source| {
            if source.is_unauthorized() {
                Failure::BadKey { place: self.location.clone(), source }
            } else {
                source.into()
            }
        })
    }
}
