//! Running a future without an async runtime.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

/// Runs `future` on this thread, and blocks the thread until it completes. Needs no async runtime.
///
/// The future of a transport that blocks completes when it is first polled. For any other future, the thread is parked
/// until the future's waker wakes it. A future that needs an async runtime, such as that of a socket of tokio, panics
/// or never completes here.
///
/// ```
/// use openrouter_oauth_transport::{ThreadTimer, Timer, block_on};
///
/// block_on(ThreadTimer.sleep(std::time::Duration::from_millis(1)));
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { thread: thread::current(), is_set: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        signal.wait();
    }
}

/// Wakes the thread of a `block_on`.
struct Signal {
    thread: Thread,
    /// Parking alone is not enough: a `block_on` inside the future may consume the wake-up.
    is_set: AtomicBool,
}

impl Signal {
    /// Parks the thread until it is woken.
    fn wait(&self) {
        while !self.is_set.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        future::{poll_fn, ready},
        sync::Mutex,
        time::Duration,
    };

    use super::*;
    use crate::timer::SleepFuture;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(600);

    /// Completes after this time, by a wake-up from another thread.
    pub(crate) fn from_thread(time: Duration) -> impl Future<Output = ()> {
        let shared = Arc::new(Mutex::new((false, None::<Waker>)));
        let remote = Arc::clone(&shared);
        thread::spawn(move || {
            thread::sleep(time);
            let mut shared = remote.lock().unwrap();
            shared.0 = true;
            if let Some(waker) = shared.1.take() {
                waker.wake();
            }
        });
        poll_fn(move |context| {
            let mut shared = shared.lock().unwrap();
            shared.1 = Some(context.waker().clone());
            if shared.0 { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Returns whether `future` completes before the sleep.
    pub(crate) async fn beats(future: impl Future, mut sleep: SleepFuture) -> bool {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => sleep.as_mut().poll(context).map(|()| false),
        })
        .await
    }

    #[test]
    fn ready_future_completes_at_once() {
        assert_eq!(block_on(ready(7)), 7);
    }

    #[test]
    fn another_thread_can_complete_the_future() {
        block_on(from_thread(SHORT));
    }

    #[test]
    fn inner_call_does_not_disturb_the_outer_one() {
        let inner = async {
            let outer = from_thread(Duration::ZERO);
            // The wake-up of `outer` may arrive while the inner call is parked.
            let mut outer = pin!(outer);
            let _pending = beats(&mut outer, Box::pin(ready(()))).await;
            block_on(from_thread(SHORT));
            beats(outer, Box::pin(from_thread(LONG))).await
        };
        assert!(block_on(inner));
    }
}
