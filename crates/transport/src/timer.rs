//! The trait for a clock that can sleep.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, ready},
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

/// Awaits `future` for at most `limit`, measured from the end of its first poll. Returns `None` if it takes longer. A
/// future that blocks its thread is not interrupted.
///
/// If `future` is ready when it is first polled, the timer does not sleep.
pub async fn within<T>(timer: &dyn Timer, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        let sleep = sleep.get_or_insert_with(|| timer.sleep(limit));
        ready!(sleep.as_mut().poll(context));
        // The sleep may have blocked this thread while the future became ready.
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::*;
    use crate::{block_on, testing::ManualTimer};

    const LIMIT: Duration = Duration::from_secs(1);

    /// A timer whose sleep blocks, while another thread does what the future waits for.
    #[derive(Debug, Default)]
    struct BlockingTimer {
        is_done: Arc<AtomicBool>,
    }

    impl Timer for BlockingTimer {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn sleep(&self, _duration: Duration) -> SleepFuture {
            let is_done = Arc::clone(&self.is_done);
            Box::pin(async move { is_done.store(true, Ordering::Relaxed) })
        }
    }

    #[test]
    fn future_that_is_ready_at_once_needs_no_sleep() {
        let timer = BlockingTimer::default();
        assert_eq!(block_on(within(&timer, LIMIT, ready(7))), Some(7));
        assert!(!timer.is_done.load(Ordering::Relaxed));
    }

    #[test]
    fn future_that_becomes_ready_during_the_sleep_is_in_time() {
        let timer = BlockingTimer::default();
        let is_done = Arc::clone(&timer.is_done);
        let future =
            poll_fn(|_| if is_done.load(Ordering::Relaxed) { Poll::Ready(7) } else { Poll::Pending });
        assert_eq!(block_on(within(&timer, LIMIT, future)), Some(7));
    }

    #[test]
    fn future_ends_when_the_limit_has_passed() {
        let timer = ManualTimer::new();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut limited = pin!(within(&timer, LIMIT, pending::<()>()));
        assert!(limited.as_mut().poll(&mut context).is_pending());
        assert_eq!(timer.sleeping(), [LIMIT]);
        timer.advance(LIMIT);
        assert_eq!(limited.as_mut().poll(&mut context), Poll::Ready(None));
    }
}
