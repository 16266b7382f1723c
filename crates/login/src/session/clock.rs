//! The deadline of a login.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use openrouter_oauth::transport::{SleepFuture, Timer};

use crate::StoreError;

/// The clock of a login. It measures the time since the login started.
pub(super) struct Clock {
    timer: Arc<dyn Timer>,
    begun: Instant,
    timeout: Duration,
}

/// The timeout for a store, longer than those of the stores in this crate. When it expires, the caller gets the key,
/// which is then not stored.
const STORE_TIMEOUT: Duration = Duration::from_secs(15);

impl Clock {
    pub(super) fn start(timer: Arc<dyn Timer>, timeout: Duration) -> Self {
        Self { begun: timer.now(), timer, timeout }
    }

    /// Returns the timeout of the login.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the time left.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.timer.now().saturating_duration_since(self.begun))
    }

    /// Completes when the login times out.
    pub(super) fn deadline(&self) -> SleepFuture {
        self.timer.sleep(self.left())
    }

    pub(super) fn sleep(&self, duration: Duration) -> SleepFuture {
        self.timer.sleep(duration)
    }

    /// Runs an operation of a store. Returns [`StoreError::Timeout`] if it takes too long.
    pub(super) async fn store<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            result = operation => result,
            () = self.timer.sleep(STORE_TIMEOUT) => {
                Err(StoreError::Timeout { store: "store", after: STORE_TIMEOUT })
            }
        }
    }
}
