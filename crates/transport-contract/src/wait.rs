//! Waiting without an async runtime: the servers are threads, and the caller polls the scenarios.

use std::{
    future::{Future, pending, poll_fn},
    io, mem,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

/// A value that threads share. Futures and threads can wait for it to change.
#[derive(Debug, Default)]
pub(crate) struct Monitor<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner<T> {
    value: T,
    wakers: Vec<Waker>,
}

impl<T> Monitor<T> {
    /// Changes the value, and wakes the waiting futures and threads.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut inner = lock(&self.inner);
        let changed = change(&mut inner.value);
        let wakers = mem::take(&mut inner.wakers);
        drop(inner);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        changed
    }

    /// Calls `look` with the current value.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&lock(&self.inner).value)
    }

    /// Waits until `enough` accepts the value.
    pub(crate) async fn until(&self, enough: impl Fn(&T) -> bool) {
        poll_fn(|context| {
            let mut inner = lock(&self.inner);
            if enough(&inner.value) {
                return Poll::Ready(());
            }
            // Keep only one waker per task, even if the task polls again.
            if !inner.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                inner.wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Blocks until `enough` accepts the value. Returns `false` if `time` passes first.
    pub(crate) fn wait(&self, time: Duration, enough: impl Fn(&T) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.inner), time, |inner| !enough(&inner.value));
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        enough(&inner.value)
    }
}

/// Returns the output of `future`. Fails with `TimedOut` if `time` passes first. Also fails if the timer thread cannot
/// start.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> io::Result<F::Output> {
    let is_over = Arc::<Monitor<bool>>::default();
    let (_stop, is_stopped) = mpsc::channel::<()>();
    let watched = Arc::clone(&is_over);
    thread::Builder::new().spawn(move || {
        if is_stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            watched.change(|is_over| *is_over = true);
        }
    })?;
    first(async { Ok(future.await) }, async {
        is_over.until(|is_over| *is_over).await;
        Err(io::ErrorKind::TimedOut.into())
    })
    .await
}

/// Sleeps for `time`, or returns at once if the timer thread cannot start.
pub(crate) async fn sleep(time: Duration) {
    let _elapsed = within(time, pending::<()>()).await;
}

/// Returns the output of the future that completes first, and drops the other.
pub(crate) async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(value),
        Poll::Pending => other.as_mut().poll(context),
    })
    .await
}

/// Runs all futures concurrently, and returns their outputs in order of completion.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).map(Some).collect();
    let mut done = Vec::new();
    poll_fn(|context| {
        for slot in &mut running {
            let Some(future) = slot else { continue };
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                done.push(value);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

/// Locks `mutex`, even if another thread panicked while holding it: the data has no invariants that a panic could
/// break.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
