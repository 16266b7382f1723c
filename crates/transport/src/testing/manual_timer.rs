//! A clock that tests control.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
    time::{Duration, SystemTime},
};

use super::lock::lock;
use crate::{
    time::{Instant, system_time},
    timer::{SleepFuture, Timer},
};

/// A clock that stands still until a test advances it. Its wall clock starts at the system's time.
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
    system_time: SystemTime,
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
    /// Creates a clock that stands still.
    pub fn new() -> Self {
        let clock =
            Clock { now: Instant::now(), system_time: system_time(), sleepers: Vec::new(), next_id: 0 };
        Self { clock: Arc::new(Mutex::new(clock)) }
    }

    /// Advances the clock, and wakes the sleeps that are due.
    pub fn advance(&self, duration: Duration) {
        let mut clock = lock(&self.clock);
        clock.now += duration;
        clock.system_time += duration;
        let now = clock.now;
        let due = clock.sleepers.iter_mut().filter(|sleeper| sleeper.until <= now);
        let wakers: Vec<Waker> = due.filter_map(|sleeper| sleeper.waker.take()).collect();
        // A waker may take the lock again.
        drop(clock);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the remaining time of each pending sleep, shortest first.
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

    fn system_time(&self) -> SystemTime {
        lock(&self.clock).system_time
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        let mut clock = lock(&self.clock);
        let id = clock.next_id;
        clock.next_id += 1;
        // A deadline that `Instant` cannot represent never passes.
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

/// Removes its sleeper from the clock when the future is dropped.
struct Registered {
    clock: Arc<Mutex<Clock>>,
    id: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&self.clock).sleepers.retain(|sleeper| sleeper.id != self.id);
    }
}
