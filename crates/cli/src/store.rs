//! Where keys are kept.

use std::sync::Arc;

use openrouter_oauth::{ApiKey, Client};
use openrouter_oauth_login::{Account, FileStore, KeyStore};

use crate::{args::Place, exit::Failure};

/// A place for the key of one service.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) account: Account,
    pub(crate) place: Place,
    /// The place in words.
    pub(crate) words: String,
}

impl Store {
    /// The store at `place` for the service that `client` calls.
    pub(crate) fn open(place: Place, client: &Client) -> Result<Self, Failure> {
        let (keys, words): (Arc<dyn KeyStore>, _) = match place {
            Place::File => {
                let file = FileStore::for_program("openrouter-oauth")?;
                // Quoted, since a path may hold anything.
                let words = format!("{:?}", file.path().display().to_string());
                (Arc::new(file), words)
            }
            Place::Keychain => (keychain()?, "the keychain".to_owned()),
        };
        Ok(Self { keys, account: Account::new(client), place, words })
    }

    /// The key, if there is one.
    pub(crate) async fn load(&self) -> Result<Option<ApiKey>, Failure> {
        Ok(self.keys.load(&self.account).await?)
    }
}

/// Every place that this program can keep keys at.
pub(crate) fn places() -> &'static [Place] {
    if cfg!(feature = "keychain") { &[Place::File, Place::Keychain] } else { &[Place::File] }
}

#[cfg(feature = "keychain")]
fn keychain() -> Result<Arc<dyn KeyStore>, Failure> {
    Ok(Arc::new(openrouter_oauth_login::KeychainStore::new("openrouter-oauth")?))
}

#[cfg(not(feature = "keychain"))]
fn keychain() -> Result<Arc<dyn KeyStore>, Failure> {
    Err(Failure::Usage(
        "this program was built without the keychain: build it with `--features keychain`, or use the file",
    ))
}

impl Place {
    /// The name of the place with `--json` and in arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keychain => "keychain",
        }
    }
}
