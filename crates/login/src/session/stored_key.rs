//! Decides whether a login uses the stored key or signs in.

use std::{sync::Arc, time::Duration};

use openrouter_oauth::{ApiKey, Error as SdkError, models::InvalidValue, transport::ErrorKind};

use super::clock::{Clock, start_clock};
use crate::{Ensured, Error, Event, KeyStore, SignInLock, login::options::Options};

/// What to do about the stored key.
pub(super) enum Outcome {
    /// Use it.
    Use(Ensured),
    /// Sign in, while holding this lock.
    SignIn(SignInLock),
}

/// How long the service may take to check the stored key. Programs wait for it when they start.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause before the next attempt to take the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// Loads and checks the stored key. Returns a lock if the login must sign in.
pub(super) async fn find(options: &Options) -> Result<Outcome, Error> {
    let clock = start_clock(options)?;
    let store = options.store.as_ref();
    let store = store.ok_or(InvalidValue::new("store", "is missing: set one with `Login::store`"))?;
    let stored = StoredKey { options, clock, store };

    let first = stored.load().await?;
    if let Some(key) = &first {
        if let Some(accepted) = stored.check(key).await {
            return Ok(Outcome::Use(accepted));
        }
    }
    let lock = stored.lock().await?;
    // Another program may have signed in before this one got the lock.
    match stored.load().await? {
        Some(key) if Some(&key) != first.as_ref() => {
            Ok(stored.check(&key).await.map_or(Outcome::SignIn(lock), Outcome::Use))
        }
        _ => Ok(Outcome::SignIn(lock)),
    }
}

struct StoredKey<'a> {
    options: &'a Options,
    clock: Clock,
    store: &'a Arc<dyn KeyStore>,
}

impl StoredKey<'_> {
    async fn load(&self) -> Result<Option<ApiKey>, Error> {
        self.clock.run_store(|| self.store.load(&self.options.account)).await.map_err(Error::Store)
    }

    /// Returns `None` if OpenRouter rejects the key. No other response and no failure shows that the key is bad.
    async fn check(&self, key: &ApiKey) -> Option<Ensured> {
        let client = self.options.client.with_key(key.clone());
        let info = tokio::select! {
            biased;
            info = client.current_key() => info,
            () = self.clock.sleep(CHECK_TIMEOUT) => Err(SdkError::NoResponse(ErrorKind::Timeout.into())),
        };
        let key = key.clone();
        match info {
            Ok(info) => Some(Ensured::Accepted { key, info: Box::new(info) }),
            Err(error) if error.is_unauthorized() => {
                (self.options.events)(&Event::StoredKeyRejected(&error));
                None
            }
            Err(error) => Some(Ensured::Unchecked { key, error }),
        }
    }

    /// Waits until no other program signs in. The lock of a program that ends is released.
    async fn lock(&self) -> Result<SignInLock, Error> {
        let mut is_first = true;
        loop {
            let lock = self.clock.run_store(|| self.store.lock_sign_in(&self.options.account)).await;
            if let Some(lock) = lock.map_err(Error::Store)? {
                return Ok(lock);
            }
            if is_first {
                (self.options.events)(&Event::OtherSignIn);
                is_first = false;
            }
            if self.clock.left().is_zero() {
                return Err(Error::OtherSignIn { after: self.clock.timeout() });
            }
            self.clock.sleep(LOCK_PAUSE).await;
        }
    }
}
