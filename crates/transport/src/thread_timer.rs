//! A timer that needs no async runtime.

use std::{
    future::{self, Future},
    io, mem,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use crate::{
    time::Instant,
    timer::{SleepFuture, Timer},
};

/// The system's clock, with sleeps that need no async runtime.
///
/// Each sleep has a thread of its own, which wakes its task, so that it works with [`block_on`](crate::block_on) and
/// with every async runtime. Dropping the sleep ends the thread. While the operating system has no thread left, the task
/// wakes itself every 10 ms, and each poll blocks for that long.
#[expect(clippy::exhaustive_structs, reason = "there is nothing to configure")]
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadTimer;

impl Timer for ThreadTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        match Instant::now().checked_add(duration) {
            Some(until) => Box::pin(Sleep { until, alarm: None }),
            // A duration that the clock cannot represent never ends.
            None => Box::pin(future::pending()),
        }
    }
}

/// A sleep. Its first poll sets the alarm.
struct Sleep {
    until: Instant,
    alarm: Option<Arc<Alarm>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Poll::Ready(());
        }
        if let Some(alarm) = &self.alarm {
            return alarm.poll(context.waker());
        }
        if let Ok(alarm) = Alarm::set(left, context.waker()) {
            self.alarm = Some(alarm);
            Poll::Pending
        } else {
            // The other futures of the task must be polled meanwhile.
            thread::sleep(left.min(FALLBACK_SLEEP));
            context.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

/// How long a poll blocks if no thread can be started.
const FALLBACK_SLEEP: Duration = Duration::from_millis(10);

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(alarm) = &self.alarm {
            alarm.end();
        }
    }
}

/// The state that a sleep shares with its thread.
struct Alarm {
    state: Mutex<State>,
    ended: Condvar,
}

enum State {
    /// The alarm wakes this task when the time has passed.
    Set(Waker),
    /// The time has passed, or the sleep was dropped.
    Ended,
}

impl Alarm {
    /// Starts the thread of a sleep that ends after `left`.
    fn set(left: Duration, waker: &Waker) -> io::Result<Arc<Self>> {
        let alarm = Arc::new(Self { state: Mutex::new(State::Set(waker.clone())), ended: Condvar::new() });
        let shared = Arc::clone(&alarm);
        thread::Builder::new().name("sleep".into()).spawn(move || shared.wait(left))?;
        Ok(alarm)
    }

    /// Waits, and then wakes the task. Returns early if the sleep is dropped.
    fn wait(&self, left: Duration) {
        let is_set = |state: &mut State| matches!(state, State::Set(_));
        let waited = self.ended.wait_timeout_while(self.lock(), left, is_set);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let ended = mem::replace(&mut *state, State::Ended);
        // A waker is foreign code, so it runs without the lock.
        drop(state);
        if let State::Set(waker) = ended {
            waker.wake();
        }
    }

    /// Returns whether the time has passed. If not, the alarm will wake the task of `waker`.
    fn poll(&self, waker: &Waker) -> Poll<()> {
        match &mut *self.lock() {
            State::Set(task) => {
                task.clone_from(waker);
                Poll::Pending
            }
            State::Ended => Poll::Ready(()),
        }
    }

    /// Ends the thread without waking the task.
    fn end(&self) {
        let ended = mem::replace(&mut *self.lock(), State::Ended);
        self.ended.notify_one();
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;
    use crate::block_on::{
        block_on,
        tests::{beats, from_thread},
    };

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(600);

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn sleep_ends_neither_early_nor_never() {
        let start = Instant::now();
        block_on(ThreadTimer.sleep(SHORT));
        assert!(start.elapsed() >= SHORT);
    }

    #[test]
    fn sleep_needs_no_executor_of_this_crate() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut sleep = ThreadTimer.sleep(SHORT);
        let start = Instant::now();
        // Only the waker of the last poll is woken.
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        while count.0.load(Ordering::SeqCst) == 0 && start.elapsed() < LONG {
            thread::yield_now();
        }
        assert!(start.elapsed() >= SHORT);
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn dropped_sleep_ends_its_thread_and_wakes_nobody() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut sleep = Sleep { until: Instant::now() + LONG, alarm: None };
        assert!(Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        let alarm = Arc::downgrade(sleep.alarm.as_ref().unwrap());
        drop(sleep);
        let start = Instant::now();
        while alarm.strong_count() > 0 && start.elapsed() < LONG {
            thread::yield_now();
        }
        assert_eq!(alarm.strong_count(), 0, "the thread holds the last reference");
        assert_eq!((Arc::strong_count(&count), count.0.load(Ordering::SeqCst)), (1, 0));
    }

    #[test]
    fn sleep_does_not_delay_what_another_thread_completes() {
        assert!(block_on(beats(from_thread(SHORT), ThreadTimer.sleep(LONG))));
        assert!(!block_on(beats(from_thread(LONG), ThreadTimer.sleep(SHORT))));
        assert!(block_on(beats(from_thread(SHORT), ThreadTimer.sleep(Duration::MAX))));
    }

    /// Set in a process in which no thread starts.
    #[cfg(target_os = "linux")]
    const NO_THREADS: &str = "OPENROUTER_OAUTH_TEST_NO_THREADS";

    // If a stack cannot be allocated, other systems may abort the process instead of returning an error.
    #[cfg(target_os = "linux")]
    #[test]
    fn sleep_without_a_thread_leaves_time_for_other_futures() {
        use std::{env, future::poll_fn, process::Command};

        if env::var_os(NO_THREADS).is_none() {
            // If no thread can be started, the test harness runs the test on the main thread.
            let this = "thread_timer::tests::sleep_without_a_thread_leaves_time_for_other_futures";
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", this])
                .env(NO_THREADS, "1")
                .env("RUST_MIN_STACK", (1_usize << (usize::BITS - 2)).to_string())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{text}");
            return;
        }
        assert!(thread::Builder::new().spawn(|| {}).is_err());
        let mut polls = 0;
        let busy = poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
        });
        assert!(block_on(beats(busy, ThreadTimer.sleep(Duration::from_secs(10)))));
        let start = Instant::now();
        block_on(ThreadTimer.sleep(SHORT));
        assert!(start.elapsed() >= SHORT);
    }
}
