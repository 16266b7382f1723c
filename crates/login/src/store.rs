//! Storage for keys.

mod account;
mod config_dir;
mod file;
#[cfg(feature = "keychain")]
mod keychain;
mod memory;

use std::{
    error::Error,
    fmt,
    future::{self, Future},
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use openrouter_oauth::{ApiKey, InvalidValue};

#[cfg(feature = "keychain")]
pub use self::keychain::KeychainStore;
pub use self::{
    account::Account,
    file::{FileStore, SecretFile},
    memory::MemoryStore,
};

/// The future that the methods of [`KeyStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store for API keys.
///
/// A store has at most one key for each [`Account`], which names the service that issued the key. It never falls back
/// to another store. It returns an error instead.
///
/// If a future is dropped before it is ready, the store does all of the work or none of it. Work that had started may
/// complete later.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Returns the key of `account`, if there is one.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]. Stored data that is not a key is also an error.
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>>;

    /// Saves `key` for `account`, and replaces the previous key.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]. After an error, the store still has all of its previous keys. There is one exception: if the
    /// disk of a [`FileStore`] fails after the file was replaced, the store may have the new key.
    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()>;

    /// Deletes the key of `account` from this store. Returns whether there was one. The key stays valid until its owner
    /// deletes it at the service.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool>;

    /// Checks that [`save`](Self::save) can work. A login calls this before the browser opens, because
    /// OpenRouter creates the key before the login can save it.
    ///
    /// By default, this loads the key. Override it if the store can find out more: [`FileStore`] takes its lock, then
    /// writes, syncs, and removes a file next to the real one.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn check<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.load(account).await.map(drop) })
    }

    /// Locks the sign-in to `account`, or returns `None` if another program holds the lock.
    /// [`Login::ensure`](crate::Login::ensure) holds it while it signs in, so that programs that start together sign in
    /// once.
    ///
    /// By default, there is no lock: programs that start together each sign in. In this crate, only
    /// [`FileStore`] has a lock.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn lock_sign_in<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<SignInLock>> {
        let _ = account;
        Box::pin(future::ready(Ok(Some(SignInLock::new(())))))
    }
}

/// A lock of a [`KeyStore`], held until it is dropped.
#[must_use = "dropping it releases the lock"]
pub struct SignInLock {
    _lock: Box<dyn Send + Sync>,
}

impl SignInLock {
    /// Creates a lock that is released when `lock` is dropped.
    pub fn new(lock: impl Send + Sync + 'static) -> Self {
        Self { _lock: Box::new(lock) }
    }
}

impl fmt::Debug for SignInLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInLock").finish_non_exhaustive()
    }
}

/// The error type of a [`KeyStore`].
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// This machine does not have the store, or the store does not work now.
    #[error("the {store} is not available; {next}")]
    Unavailable {
        /// The kind of store.
        store: &'static str,
        /// What to do next.
        next: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store did not respond in time. The operation may still complete.
    #[error("the {store} did not respond within {} s; check whether it is waiting to be unlocked, and try again", after.as_secs())]
    Timeout {
        /// The kind of store.
        store: &'static str,
        /// The timeout.
        after: Duration,
    },
    /// Another program is changing the file or, on Windows, has it open. Nothing was changed.
    #[error("{path:?} was still in use after {} s; check which other program uses it, and try again", after.as_secs())]
    InUse {
        /// The file.
        path: PathBuf,
        /// The timeout.
        after: Duration,
    },
    /// An operation on a file or folder failed.
    #[error("{path:?} could not be {verb}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation: `read`, `written`, …
        verb: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder is not safe for storing a key.
    #[error("{path:?} is not safe to use: {problem}")]
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// The problem, and what to do.
        problem: &'static str,
    },
    /// The stored data is not in the format of this crate. The store leaves it unchanged.
    #[error("{place:?} {problem}")]
    Corrupt {
        /// The place of the data: a path, or a name in the keychain.
        place: String,
        /// The problem, and what to do.
        problem: &'static str,
    },
    /// The file has no room for another key.
    #[error("{path:?} has no room for another key; delete one first")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The environment does not name the user's configuration folder.
    #[error("there is no configuration folder; set {variable} to an absolute path")]
    NoFolder {
        /// The environment variable to set.
        variable: &'static str,
    },
    /// The name of a program or account is invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

impl<T: KeyStore + ?Sized> KeyStore for Arc<T> {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        (**self).load(account)
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        (**self).save(account, key)
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        (**self).delete(account)
    }

    fn check<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, ()> {
        (**self).check(account)
    }

    fn lock_sign_in<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<SignInLock>> {
        (**self).lock_sign_in(account)
    }
}

impl<T: KeyStore + ?Sized> KeyStore for Box<T> {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        (**self).load(account)
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        (**self).save(account, key)
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        (**self).delete(account)
    }

    fn check<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, ()> {
        (**self).check(account)
    }

    fn lock_sign_in<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<SignInLock>> {
        (**self).lock_sign_in(account)
    }
}
