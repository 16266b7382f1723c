//! The key that a command uses.

use openrouter_oauth::{ApiKey, Client, Error, models::KeyInfo};

use crate::{args::StoreKind, exit::Failure, input, store::Store};

const VARIABLE: &str = "OPENROUTER_API_KEY";

/// A key, and where it was found.
pub(crate) struct KeyWithSource {
    pub(crate) key: ApiKey,
    /// Where it was found, for messages.
    pub(crate) location: String,
    /// The store, or `None` for the environment.
    pub(crate) kind: Option<StoreKind>,
}

/// Returns the key in the environment, or else the stored key.
pub(crate) async fn find(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    if let Some(text) = input::variable(VARIABLE)? {
        let key = ApiKey::parse(text.trim())?;
        let location = VARIABLE.to_owned();
        return Ok(KeyWithSource { key, location, kind: None });
    }
    stored(kind, client).await
}

/// Returns the stored key.
pub(crate) async fn stored(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    let store = Store::open(kind, client)?;
    let not_signed_in = || Failure::NotSignedIn { login: login_command(kind) };
    let key = store.load().await?.ok_or_else(not_signed_in)?;
    Ok(KeyWithSource { key, location: store.location, kind: Some(kind) })
}

/// Returns the command that stores a key in a store of this kind.
fn login_command(kind: StoreKind) -> String {
    match kind {
        StoreKind::File => "openrouter-oauth login".to_owned(),
        StoreKind::Keychain => "openrouter-oauth login --store keychain".to_owned(),
    }
}

/// Returns whether the environment has a key.
pub(crate) fn is_in_environment() -> bool {
    matches!(input::variable(VARIABLE), Ok(Some(_)) | Err(_))
}

impl KeyWithSource {
    /// Returns the name of its source for `--json`.
    pub(crate) fn source(&self) -> &'static str {
        self.kind.map_or("environment", StoreKind::name)
    }

    pub(crate) fn is_from_environment(&self) -> bool {
        self.kind.is_none()
    }

    /// Returns the service's description of the key.
    pub(crate) async fn info(&self, client: &Client) -> Result<KeyInfo, Failure> {
        client.with_key(self.key.clone()).current_key().await.map_err(|error| self.failure(error))
    }

    /// Returns the failure for an error of a call with this key. If OpenRouter rejected the key, it advises what to do.
    pub(crate) fn failure(&self, source: Error) -> Failure {
        if !source.is_unauthorized() {
            return source.into();
        }
        match self.kind {
            Some(kind) => {
                Failure::BadKey { place: self.location.clone(), login: login_command(kind), source }
            }
            None => Failure::BadVariable { source },
        }
    }
}
