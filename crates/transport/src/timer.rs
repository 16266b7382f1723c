//! The trait for a clock that can sleep.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::time::{Instant, system_time};

/// The boxed future that [`Timer::sleep`] returns. It completes when the duration has passed.
pub type SleepFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A monotonic clock that can sleep, and the wall clock.
///
/// `openrouter-oauth` enforces its deadlines through this trait, except where the transport [enforces
/// them](crate::Transport::enforces_timeout). It therefore works with any async runtime, and tests can control the time.
/// `openrouter-oauth-transport-hyper` has an implementation for tokio.
///
/// # Contract
///
/// * [`now`](Self::now) never goes backward, and changes to the wall clock do not affect it.
/// * The future of [`sleep`](Self::sleep) completes when its duration has passed on the same clock, and not before.
///   Dropping it cancels the sleep. A poll blocks its thread for at most about 10 ms, because the other futures of that
///   thread must run meanwhile.
pub trait Timer: fmt::Debug + Send + Sync {
    /// Returns the time of the monotonic clock.
    fn now(&self) -> Instant;

    /// Sleeps for `duration`, measured from this call.
    fn sleep(&self, duration: Duration) -> SleepFuture;

    /// Returns the wall-clock time, which may jump. By default, it is the [system's](crate::system_time). A timer that wraps
    /// another forwards this method too.
    fn system_time(&self) -> SystemTime {
        system_time()
    }
}

impl<T: Timer + ?Sized> Timer for Arc<T> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        (**self).sleep(duration)
    }

    fn system_time(&self) -> SystemTime {
        (**self).system_time()
    }
}

impl<T: Timer + ?Sized> Timer for Box<T> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        (**self).sleep(duration)
    }

    fn system_time(&self) -> SystemTime {
        (**self).system_time()
    }
}
