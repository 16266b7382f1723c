//! A store in the system's keychain.

mod system;
mod worker;

use std::time::Duration;

use keyring::Error;
use openrouter_oauth::ApiKey;
use zeroize::Zeroizing;

use self::{
    system::{Entry, Keychain, System, unavailable},
    worker::Worker,
};
use super::{Account, KeyStore, StoreError, StoreFuture, config_dir};

/// A store in the system's keychain: the Secret Service on Linux (GNOME Keyring, `KWallet`, `KeePassXC`), Keychain
/// Services on macOS, and the Credential Manager on Windows.
///
/// A machine without a desktop usually has no keychain. The store then returns a [`StoreError`] that explains what is
/// missing, and does not save keys anywhere else.
///
/// ```no_run
/// use openrouter_oauth::Client;
/// use openrouter_oauth_login::{Account, KeyStore, KeychainStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = KeychainStore::new("my-cli")?;
/// let key = store.load(&Account::new(&Client::new())).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Waiting
///
/// A keychain may ask the user to unlock it, or hang. Each call waits at most 3 seconds. Calls run on the store's own
/// thread, so a hanging keychain delays neither the runtime nor the exit of the program. After [`StoreError::Timeout`],
/// the hanging call may still complete. Calls that timed out in the queue behind it never start. The store needs a
/// tokio runtime with time enabled.
///
/// # Rust version
///
/// This type requires the feature `keychain` and Rust 1.88.
#[derive(Debug)]
pub struct KeychainStore {
    program: Box<str>,
    worker: Worker,
}

/// The timeout of a call, the same as in GitHub's `gh`.
const DEADLINE: Duration = Duration::from_secs(3);

impl KeychainStore {
    /// Creates a store for the keys of `program`, a name of 1 to 64 letters, digits, `-`, or `_`. Does not call the
    /// keychain yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if `program` is not a valid name. [`StoreError::Unavailable`] if the system could not
    /// start a thread.
    pub fn new(program: &str) -> Result<Self, StoreError> {
        Self::over(System, program)
    }

    fn over(keychain: impl Keychain, program: &str) -> Result<Self, StoreError> {
        config_dir::check_program(program)?;
        Ok(Self { program: program.into(), worker: Worker::start(keychain)? })
    }

    fn entry(&self, account: &Account) -> Entry {
        Entry { service: format!("{}:{}", self.program, account.service()), user: account.name().to_owned() }
    }
}

impl KeyStore for KeychainStore {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        let entry = self.entry(account);
        Box::pin(self.worker.run(DEADLINE, move |keychain| {
            let Some(secret) = found(keychain.get(&entry))? else { return Ok(None) };
            let secret = Zeroizing::new(secret);
            let key = std::str::from_utf8(&secret).ok().and_then(|text| ApiKey::parse(text).ok());
            key.map(Some).ok_or_else(corrupt)
        }))
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        let (entry, key) = (self.entry(account), key.clone());
        Box::pin(
            self.worker
                .run(DEADLINE, move |keychain| keychain.set(&entry, key.expose().as_bytes()).map_err(error)),
        )
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        let entry = self.entry(account);
        Box::pin(self.worker.run(DEADLINE, move |keychain| Ok(found(keychain.delete(&entry))?.is_some())))
    }

    /// Writes and deletes an item of its own.
    fn check<'a>(&'a self, _account: &'a Account) -> StoreFuture<'a, ()> {
        // The service of a key's item has an address here, so the two cannot be the same item.
        let entry = Entry { service: format!("{}:check", self.program), user: "check".to_owned() };
        Box::pin(self.worker.run(DEADLINE, move |keychain| {
            keychain.set(&entry, b"check").map_err(error)?;
            // Another program's check may have deleted it.
            found(keychain.delete(&entry)).map(drop)
        }))
    }
}

/// Returns `None` if the item does not exist.
fn found<T>(result: keyring::Result<T>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(item) => Ok(Some(item)),
        Err(Error::NoEntry) => Ok(None),
        Err(other) => Err(error(other)),
    }
}

fn error(error: Error) -> StoreError {
    match error {
        // These errors contain the stored data, and show it in their `Debug`.
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            zeroize::Zeroize::zeroize(&mut bytes);
            corrupt()
        }
        Error::BadStoreFormat(_) | Error::Ambiguous(_) => corrupt(),
        Error::NoStorageAccess(_) => {
            unavailable("start or unlock it and try again, or choose another store", error)
        }
        _ => unavailable("check that it runs and try again, or choose another store", error),
    }
}

fn corrupt() -> StoreError {
    StoreError::Corrupt {
        place: "keychain item".to_owned(),
        problem: "is not a key; remove it, and sign in again",
    }
}

#[cfg(test)]
mod tests;
