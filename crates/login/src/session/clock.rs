//! The deadline of a login.

use std::{
    future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    models::InvalidValue,
    transport::{SleepFuture, Timer},
};

use crate::{Error, StoreError, StoreFuture, login::options::Options};

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

    /// Runs an operation of a store. Returns an error if it takes too long or panics.
    pub(super) async fn run_store<'a, T>(
        &self,
        operation: impl FnOnce() -> StoreFuture<'a, T>,
    ) -> Result<T, StoreError> {
        tokio::select! {
            biased;
            result = catch_panic(operation) => result,
            () = self.timer.sleep(STORE_TIMEOUT) => {
                Err(StoreError::Timeout { store: "store", after: STORE_TIMEOUT })
            }
        }
    }
}

/// Starts the clock of a login.
pub(super) fn start_clock(options: &Options) -> Result<Clock, Error> {
    let timer = options.timer.clone();
    let timer = timer.ok_or(InvalidValue::new("timer", "is missing: set one with `Login::timer`"))?;
    Ok(Clock::start(timer, options.timeout))
}

/// Completes when the sleep does, or never if there is no sleep.
pub(super) async fn over(sleep: &mut Option<SleepFuture>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => future::pending().await,
    }
}

/// Runs an operation of a store. A panic becomes an error, because it would otherwise lose the key.
async fn catch_panic<'a, T>(operation: impl FnOnce() -> StoreFuture<'a, T>) -> Result<T, StoreError> {
    // The panic hook has already reported it.
    let mut future = catch_unwind(AssertUnwindSafe(operation)).map_err(|_| panicked())?;
    future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    })
    .await
}

fn panicked() -> StoreError {
    StoreError::Unavailable {
        store: "key store",
        next: "report this bug to the authors of the store",
        source: "the store panicked".into(),
    }
}
