//! The trait of a clock that can wait.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

/// What [`Timer::sleep`] returns: a boxed future that is done when the time has passed.
pub type SleepFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time, and waits.
///
/// The SDK holds its deadlines through this trait, so that it needs no particular async runtime and tests choose the
/// time. `openrouter-oauth-transport-hyper` has one of tokio's clock.
///
/// # Contract
///
/// * [`now`](Self::now) never goes back, and no change of the wall clock moves it.
/// * A future of [`sleep`](Self::sleep) is done once its duration has passed by the same clock, not before, and stops
///   when it is dropped.
pub trait Timer: fmt::Debug + Send + Sync {
    /// The time now, on a monotonic clock.
    fn now(&self) -> Instant;

    /// Waits for `duration`, counted from this call.
    fn sleep(&self, duration: Duration) -> SleepFuture;
}

impl<T: Timer + ?Sized> Timer for Arc<T> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        (**self).sleep(duration)
    }
}

impl<T: Timer + ?Sized> Timer for Box<T> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        (**self).sleep(duration)
    }
}
