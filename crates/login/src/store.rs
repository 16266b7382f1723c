//! Where a key is kept.

mod account;
mod config_dir;
mod file;
#[cfg(feature = "keychain")]
mod keychain;
mod memory;

use std::{error::Error, fmt, future::Future, io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use openrouter_oauth::{ApiKey, InvalidValue};

#[cfg(feature = "keychain")]
pub use self::keychain::KeychainStore;
pub use self::{account::Account, file::FileStore, memory::MemoryStore};

/// What the methods of [`KeyStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps keys.
///
/// A key belongs to the service that issued it and to an account; there is one for each [`Account`]. Nothing falls
/// back to another store: a failure is reported.
///
/// A future that is dropped before it is ready does all of its work or none of it. What had begun may end afterwards.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// The key of `account`, if there is one.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]. Also if what is stored is not a key.
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>>;

    /// Keeps `key` for `account`, in place of the one before.
    ///
    /// # Errors
    ///
    /// See [`StoreError`]. What was stored before is then still there, whole; but for one case, in which the new key may be:
    /// a [`FileStore`] whose disk failed at the very end, after the file was replaced.
    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()>;

    /// Forgets the key of `account`, and says whether there was one. The key stays valid at the service: its owner deletes
    /// it there.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool>;
}

/// Why a key was not stored, found or forgotten.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such store on this machine, or it cannot be used now.
    #[error("the {store} is not available; {next}")]
    Unavailable {
        /// Which.
        store: &'static str,
        /// What to do.
        next: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store did not respond in time. What was asked for may still happen.
    #[error("the {store} did not respond within {} s; see whether it waits to be unlocked, and try again", after.as_secs())]
    Timeout {
        /// Which.
        store: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// Somebody else is changing the file. Nothing was changed.
    #[error("{path:?} is in use, and was for {} s; see which other program uses it, and try again", after.as_secs())]
    InUse {
        /// Which.
        path: PathBuf,
        /// How long it was waited for.
        after: Duration,
    },
    /// A file or folder cannot be used.
    #[error("{path:?} cannot be {verb}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried: `read`, `written`, …
        verb: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file or folder is not safe to keep a key in.
    #[error("{path:?} is not used: {problem}")]
    Unsafe {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// What is stored is not what this crate stores. It is left as it is.
    #[error("{place:?} {problem}")]
    Corrupt {
        /// Where: a path, or a name in the keychain.
        place: String,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// There is no room for another key.
    #[error("{path:?} holds as many keys as it can; forget one of them first")]
    Full {
        /// Where.
        path: PathBuf,
    },
    /// Nothing says where the user's files of configuration are.
    #[error("there is no folder for configuration; set {variable} to an absolute path")]
    NoFolder {
        /// The variable of the environment that would say.
        variable: &'static str,
    },
    /// A name is not what it should be.
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
}
