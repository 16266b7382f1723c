//! When a login ends at the latest.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use openrouter_oauth::transport::{SleepFuture, Timer};

use crate::StoreError;

/// The clock of a login, which runs from its beginning.
pub(super) struct Clock {
    timer: Arc<dyn Timer>,
    begun: Instant,
    timeout: Duration,
}

/// Longer than any store of this crate takes to say what is wrong: after this the caller has the key without it.
const STORE_TIMEOUT: Duration = Duration::from_secs(15);

impl Clock {
    pub(super) fn start(timer: Arc<dyn Timer>, timeout: Duration) -> Self {
        Self { begun: timer.now(), timer, timeout }
    }

    /// The limit.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What is left of it.
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
