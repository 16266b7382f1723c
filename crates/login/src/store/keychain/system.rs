//! Access to the system's keychain.

use keyring::Error;

use crate::StoreError;

pub(super) const KEYCHAIN: &str = "keychain";

/// The operations of a keychain. A call may block for any time.
pub(super) trait Keychain: Send + 'static {
    fn get(&self, entry: &Entry) -> keyring::Result<Vec<u8>>;

    fn set(&self, entry: &Entry, secret: &[u8]) -> keyring::Result<()>;

    fn delete(&self, entry: &Entry) -> keyring::Result<()>;
}

/// The names by which to find an item.
pub(super) struct Entry {
    /// The program and the service, such as `my-cli:https://openrouter.ai`.
    pub(super) service: String,
    pub(super) user: String,
}

/// The system's keychain.
pub(super) struct System;

impl Keychain for System {
    fn get(&self, entry: &Entry) -> keyring::Result<Vec<u8>> {
        entry.open()?.get_secret()
    }

    fn set(&self, entry: &Entry, secret: &[u8]) -> keyring::Result<()> {
        entry.open()?.set_secret(secret)
    }

    fn delete(&self, entry: &Entry) -> keyring::Result<()> {
        entry.open()?.delete_credential()
    }
}

impl Entry {
    fn open(&self) -> keyring::Result<keyring::Entry> {
        // Only this call reports why there is no keychain.
        if let Err(error) = keyring::Entry::store_status() {
            return Err(Error::NoStorageAccess(Box::new(error)));
        }
        keyring::Entry::new(&self.service, &self.user)
    }
}

pub(super) fn unavailable(
    next: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable { store: KEYCHAIN, next, source: source.into() }
}
