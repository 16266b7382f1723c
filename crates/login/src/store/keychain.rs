//! Keys in the keychain of the system.

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

/// Keeps keys in the keychain of the system: the Secret Service on Linux (GNOME Keyring, `KWallet`, `KeePassXC`), Keychain
/// Services on macOS, the Credential Manager on Windows.
///
/// A machine without a desktop usually has none, and nothing is kept anywhere else instead: [`StoreError`] says what is
/// missing.
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
/// A keychain may ask the user to unlock it, or hang. Each call waits for it at most 3 seconds, on a thread of the store's own,
/// so neither the runtime nor the end of the program waits for it. After [`StoreError::Timeout`] the call that hangs may
/// still come to its end; those behind it, which it kept from beginning, do not begin anymore. Needs a tokio runtime with
/// time enabled.
///
/// # Rust version
///
/// This type comes with the feature `keychain`, which needs Rust 1.88.
#[derive(Debug)]
pub struct KeychainStore {
    program: Box<str>,
    worker: Worker,
}

/// As gh's.
const DEADLINE: Duration = Duration::from_secs(3);

impl KeychainStore {
    /// Keeps keys under the name of this program: 1 to 64 letters, digits, `-` and `_`. Asks nothing of the keychain yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] if it is not such a name; [`StoreError::Unavailable`] if there is no thread to be had.
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
}

/// None if there is no such item.
fn found<T>(result: keyring::Result<T>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(item) => Ok(Some(item)),
        Err(Error::NoEntry) => Ok(None),
        Err(other) => Err(error(other)),
    }
}

fn error(error: Error) -> StoreError {
    match error {
        // These hold what was stored, and show it in their `Debug`.
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            zeroize::Zeroize::zeroize(&mut bytes);
            corrupt()
        }
        Error::BadStoreFormat(_) | Error::Ambiguous(_) => corrupt(),
        Error::NoStorageAccess(_) => {
            unavailable("unlock it, or start one, and try again; or choose another store", error)
        }
        _ => unavailable("see that it runs, and try again; or choose another store", error),
    }
}

fn corrupt() -> StoreError {
    StoreError::Corrupt {
        place: "item of the keychain".to_owned(),
        problem: "is something else than a key; remove it, and sign in again",
    }
}

#[cfg(test)]
mod tests;
