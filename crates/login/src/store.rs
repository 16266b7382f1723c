//! Where a key is kept.

use std::{fmt, future::Future, io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use openrouter_oauth::ApiKey;

/// What the methods of [`KeyStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps keys.
///
/// A key belongs to the service that issued it and to an account (S-10); there is one for each [`Account`]. Nothing falls
/// back to another store (S-4): what fails is said.
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
    /// See [`StoreError`]. What was stored before is then still there.
    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()>;

    /// Forgets the key of `account`, and says whether there was one.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool>;
}

/// Whose key it is: the service that issued it, and a name for those who have several.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Account {
    service: String,
    name: String,
}

/// Why a key was not stored, found or forgotten.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such store on this machine, or it is locked.
    #[error("the {store} is not available{}", hint(store))]
    Unavailable {
        /// Which.
        store: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store did not answer in time.
    #[error("the {store} did not answer within {} s", after.as_secs())]
    Timeout {
        /// Which.
        store: &'static str,
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
    /// What is stored is not what this crate stores.
    #[error("what is stored in {place} cannot be read; remove it, and sign in again")]
    Corrupt {
        /// Where.
        place: String,
    },
}

fn hint(_store: &str) -> &'static str {
    ""
}

impl Account {
    /// The account `name` at the service with this base URL; `default` is a name for those who have one key only.
    ///
    /// # Errors
    ///
    /// TODO of the store's author.
    pub fn new(service: impl Into<String>, name: impl Into<String>) -> Self {
        Self { service: service.into(), name: name.into() }
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
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
