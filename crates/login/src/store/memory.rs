//! A store in memory.

use std::{
    collections::BTreeMap,
    future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use openrouter_oauth::ApiKey;

use super::{Account, KeyStore, StoreFuture};

/// A store in memory, for tests and for programs that sign in each time they run.
///
/// ```
/// use openrouter_oauth::{ApiKey, Client};
/// use openrouter_oauth_login::{Account, KeyStore, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, account) = (MemoryStore::default(), Account::new(&Client::new()));
/// store.save(&account, &ApiKey::parse("sk-or-v1-0e6f")?).await?;
/// assert!(store.load(&account).await?.is_some());
/// assert!(store.delete(&account).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    keys: Mutex<BTreeMap<Account, ApiKey>>,
}

impl MemoryStore {
    /// Ignores poisoning, because each change is a single step.
    fn keys(&self) -> MutexGuard<'_, BTreeMap<Account, ApiKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyStore for MemoryStore {
    fn load<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, Option<ApiKey>> {
        let key = self.keys().get(account).cloned();
        Box::pin(future::ready(Ok(key)))
    }

    fn save<'a>(&'a self, account: &'a Account, key: &'a ApiKey) -> StoreFuture<'a, ()> {
        self.keys().insert(account.clone(), key.clone());
        Box::pin(future::ready(Ok(())))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> StoreFuture<'a, bool> {
        let was_there = self.keys().remove(account).is_some();
        Box::pin(future::ready(Ok(was_there)))
    }
}
