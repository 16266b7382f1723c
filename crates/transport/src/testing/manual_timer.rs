//! A clock that tests move.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use super::lock::lock;
use crate::{SleepFuture, Timer};

/// A clock that stands still until a test moves it.
///
/// Clones share the clock.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_transport::{Timer, testing::ManualTimer};
///
/// let timer = ManualTimer::new();
/// let start = timer.now();
/// timer.advance(Duration::from_secs(30));
/// assert_eq!(timer.now() - start, Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct ManualTimer {
    clock: Arc<Mutex<Clock>>,
}

#[derive(Debug)]
struct Clock {
    now: Instant,
    sleepers: Vec<Sleeper>,
    next_id: usize,
}

#[derive(Debug)]
struct Sleeper {
    id: usize,
    until: Instant,
    waker: Option<Waker>,
}

impl ManualTimer {
    /// A clock that stands still.
    pub fn new() -> Self {
        let clock = Clock { now: Instant::now(), sleepers: Vec::new(), next_id: 0 };
        Self { clock: Arc::new(Mutex::new(clock)) }
    }

    /// Moves the clock and wakes the futures that waited for it.
    pub fn advance(&self, duration: Duration) {
        let mut clock = lock(&self.clock);
        clock.now += duration;
        let now = clock.now;
        let due = clock.sleepers.iter_mut().filter(|sleeper| sleeper.until <= now);
        let wakers: Vec<Waker> = due.filter_map(|sleeper| sleeper.waker.take()).collect();
        // A waker may come straight back for the lock.
        drop(clock);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How long each sleep that is waiting still has, shortest first.
    pub fn sleeping(&self) -> Vec<Duration> {
        let clock = lock(&self.clock);
        let mut left: Vec<Duration> =
            clock.sleepers.iter().map(|sleeper| sleeper.until.saturating_duration_since(clock.now)).collect();
        left.sort_unstable();
        left
    }
}

impl Default for ManualTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for ManualTimer {
    fn now(&self) -> Instant {
        lock(&self.clock).now
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        let mut clock = lock(&self.clock);
        let id = clock.next_id;
        clock.next_id += 1;
        // A duration beyond what the clock can show never passes.
        let Some(until) = clock.now.checked_add(duration) else {
            return Box::pin(std::future::pending());
        };
        clock.sleepers.push(Sleeper { id, until, waker: None });
        drop(clock);

        let registered = Registered { clock: Arc::clone(&self.clock), id };
        Box::pin(poll_fn(move |context| {
            let mut clock = lock(&registered.clock);
            let now = clock.now;
            match clock.sleepers.iter_mut().find(|sleeper| sleeper.id == registered.id) {
                Some(sleeper) if sleeper.until > now => {
                    sleeper.waker = Some(context.waker().clone());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            }
        }))
    }
}

/// Takes its sleeper off the clock when the future is dropped.
struct Registered {
    clock: Arc<Mutex<Clock>>,
    id: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&self.clock).sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}
