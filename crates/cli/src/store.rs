//! The stores for keys.

use std::sync::Arc;

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_login::{Account, FileStore, KeyStore};

use crate::{args::StoreKind, exit::Failure};

/// The store for the key of one service.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) account: Account,
    pub(crate) kind: StoreKind,
    /// The location, for messages.
    pub(crate) location: String,
}

impl Store {
    /// Opens the store of this kind for the service that `client` calls.
    pub(crate) fn open(kind: StoreKind, client: &Client) -> Result<Self, Failure> {
        let (keys, location): (Arc<dyn KeyStore>, _) = match kind {
            StoreKind::File => {
                let file = FileStore::for_program("openrouter-oauth")?;
                // Quoted, because a path may contain any characters.
                let location = format!("{:?}", file.path().display().to_string());
                (Arc::new(file), location)
            }
            StoreKind::Keychain => (keychain()?, "the keychain".to_owned()),
        };
        Ok(Self { keys, account: Account::new(client), kind, location })
    }

    /// Returns the stored key, if there is one.
    pub(crate) async fn load(&self) -> Result<Option<ApiKey>, Failure> {
        Ok(self.keys.load(&self.account).await?)
    }
}

/// Returns the kinds of store that this build supports.
pub(crate) fn store_kinds() -> &'static [StoreKind] {
    if cfg!(feature = "keychain") { &[StoreKind::File, StoreKind::Keychain] } else { &[StoreKind::File] }
}

#[cfg(feature = "keychain")]
fn keychain() -> Result<Arc<dyn KeyStore>, Failure> {
    Ok(Arc::new(openrouter_oauth_login::KeychainStore::new("openrouter-oauth")?))
}

#[cfg(not(feature = "keychain"))]
fn keychain() -> Result<Arc<dyn KeyStore>, Failure> {
    Err(Failure::Usage(
        "this program was built without keychain support: build it with `--features keychain`, or pass --store file",
    ))
}

impl StoreKind {
    /// Returns the name of the kind, for `--json` and in arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keychain => "keychain",
        }
    }
}
