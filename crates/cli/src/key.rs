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
    /// The command that stores a key in the chosen store.
    login: String,
}

/// Returns the key in the environment, or else the stored key.
pub(crate) async fn find(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    if let Some(text) = input::variable(VARIABLE)? {
        let key = ApiKey::parse(text.trim())?;
        let location = VARIABLE.to_owned();
        return Ok(KeyWithSource { key, location, kind: None, login: login_command(kind) });
    }
    stored(kind, client).await
}

/// Returns the stored key.
pub(crate) async fn stored(kind: StoreKind, client: &Client) -> Result<KeyWithSource, Failure> {
    let store = Store::open(kind, client)?;
    let login = login_command(kind);
    let Some(key) = store.load().await? else {
        return Err(Failure::NotSignedIn { login });
    };
    Ok(KeyWithSource { key, location: store.location, kind: Some(kind), login })
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

    /// Returns the client with this key. The client itself has read the key in the environment, and does not send that
    /// one over plain `http` to another host.
    pub(crate) fn authenticate(&self, client: &Client) -> Client {
        if self.is_from_environment() { client.clone() } else { client.with_key(self.key.clone()) }
    }

    /// Returns the service's description of the key.
    pub(crate) async fn info(&self, client: &Client) -> Result<KeyInfo, Failure> {
        self.authenticate(client).current_key().await.map_err(|error| self.failure(error))
    }

    /// Returns the failure for an error of a call with this key. If OpenRouter rejected the key, it advises what to do.
    pub(crate) fn failure(&self, source: Error) -> Failure {
        if matches!(&source, Error::Invalid(invalid) if invalid.what().ends_with(VARIABLE)) {
            return Failure::ExposedVariable { login: self.login.clone() };
        }
        if !source.is_unauthorized() {
            return source.into();
        }
        if self.is_from_environment() {
            return Failure::BadVariable { source };
        }
        Failure::BadKey { place: self.location.clone(), login: self.login.clone(), source }
    }
}
