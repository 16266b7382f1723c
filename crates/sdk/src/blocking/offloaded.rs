//! The transport of an async client that sends through a blocking one.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{
    Error, ErrorKind, Instant, Limits, ResponseFuture, ThreadTimer, Transport, block_on, within,
};

/// A transport that sends each request through another one, which may block, on a thread of its own.
///
/// A runtime waits for its own threads when it ends, so a request on one of them could keep the program from ending.
#[derive(Debug)]
pub(super) struct Offloaded(pub(super) Arc<dyn Transport>);

impl Transport for Offloaded {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let transport = Arc::clone(&self.0);
        let started = Instant::now();
        Box::pin(async move {
            let (sender, receiver) = channel();
            thread::Builder::new()
                .name("request".into())
                .spawn(move || block_on(deliver(&*transport, request, limits, started, sender)))
                // A retry may help.
                .map_err(|error| Error::new(ErrorKind::Connect, error))?;
            // `Duration::MAX` never ends.
            let limit = limits.timeout.map_or(Duration::MAX, |timeout| {
                timeout.saturating_add(GRACE).saturating_sub(started.elapsed())
            });
            let outcome = within(&ThreadTimer, limit, receiver).await;
            outcome.unwrap_or_else(|| Err(ErrorKind::Timeout.into()))
        })
    }

    fn enforces_timeout(&self) -> bool {
        self.0.enforces_timeout()
    }
}

/// How long to wait for the transport's own error after the timeout. That error may say that nothing was sent.
const GRACE: Duration = Duration::from_secs(2);

/// Delivers the response. The timeout began at `started`. If nobody waits for the response any longer, the request does
/// not begin, or ends early unless the transport blocks.
async fn deliver(
    transport: &dyn Transport,
    request: Request<Bytes>,
    mut limits: Limits,
    started: Instant,
    sender: Sender,
) {
    limits.timeout = limits.timeout.map(|timeout| timeout.saturating_sub(started.elapsed()));
    // `send` may already block, so it runs only if somebody waits.
    let send = async {
        match limits.timeout {
            Some(Duration::ZERO) => Err(Error::from(ErrorKind::Timeout).not_sent()),
            _ => transport.send(request, limits).await,
        }
    };
    let mut send = pin!(send);
    let result = poll_fn(|context| {
        if sender.poll_abandoned(context).is_ready() {
            return Poll::Ready(None);
        }
        send.as_mut().poll(context).map(Some)
    });
    if let Some(result) = result.await {
        sender.0.close(State::Finished(result));
    }
}

type Outcome = Result<Response<Bytes>, Error>;

/// Creates a channel for one outcome.
fn channel() -> (Sender, Receiver) {
    let channel = Arc::new(Channel(Mutex::new(State::Open { sender: None, receiver: None })));
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

/// The end of the thread that sends the request.
struct Sender(Arc<Channel>);

impl Sender {
    /// Completes when the receiver was dropped.
    fn poll_abandoned(&self, context: &Context<'_>) -> Poll<()> {
        match &mut *self.0.lock() {
            State::Open { sender, .. } => {
                *sender = Some(context.waker().clone());
                Poll::Pending
            }
            State::Finished(_) | State::Abandoned => Poll::Ready(()),
        }
    }
}

/// Without an outcome, the thread panicked. The text of the panic may contain a secret.
impl Drop for Sender {
    fn drop(&mut self) {
        self.0.close(State::Finished(Err(Error::new(ErrorKind::Other, "the transport panicked"))));
    }
}

/// The end that waits for the outcome.
struct Receiver(Arc<Channel>);

impl Future for Receiver {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.0.lock();
        if let State::Open { receiver, .. } = &mut *state {
            *receiver = Some(context.waker().clone());
            return Poll::Pending;
        }
        match mem::replace(&mut *state, State::Abandoned) {
            State::Finished(outcome) => Poll::Ready(outcome),
            State::Open { .. } | State::Abandoned => Poll::Pending,
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.0.close(State::Abandoned);
    }
}

struct Channel(Mutex<State>);

enum State {
    /// There is no outcome yet. Each end has the waker of its task here.
    Open {
        sender: Option<Waker>,
        receiver: Option<Waker>,
    },
    Finished(Outcome),
    /// The outcome was taken, or nobody waits for it any longer.
    Abandoned,
}

impl Channel {
    /// Ends the open state, if it has not ended yet, and wakes both ends.
    fn close(&self, end: State) {
        let mut state = self.lock();
        if let State::Open { sender, receiver } = &mut *state {
            let wakers = [sender.take(), receiver.take()];
            *state = end;
            // Wakers are foreign code, so they run without the lock.
            drop(state);
            wakers.into_iter().flatten().for_each(Waker::wake);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        sync::{Mutex, mpsc},
    };

    use openrouter_oauth_transport::from_fn;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    fn request() -> Request<Bytes> {
        Request::post("https://openrouter.ai/").body(Bytes::new()).unwrap()
    }

    fn send(transport: &Offloaded) -> ResponseFuture<'_> {
        transport.send(request(), Limits::default())
    }

    #[test]
    fn request_that_does_not_block_ends_with_its_future() {
        let (held, dropped) = mpsc::channel::<()>();
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            let held = held.clone();
            async move {
                let _held = held;
                pending().await
            }
        })));
        assert!(block_on(within(&ThreadTimer, SHORT, send(&transport))).is_none());
        drop(transport);
        assert_eq!(dropped.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn request_that_nobody_waits_for_does_not_begin() {
        // C-10
        let (sent, is_sent) = mpsc::channel();
        let transport = from_fn(move |_: Request<Bytes>, _: Limits| {
            sent.send(()).unwrap();
            async { Err(Error::from(ErrorKind::Io)) }
        });
        let (sender, receiver) = channel();
        drop(receiver);
        block_on(deliver(&transport, request(), Limits::default(), Instant::now(), sender));
        assert!(is_sent.try_recv().is_err());
    }

    #[test]
    fn timeout_includes_the_start_of_the_thread() {
        // C-12
        let timeouts = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&timeouts);
        let transport = from_fn(move |_: Request<Bytes>, limits: Limits| {
            seen.lock().unwrap().push(limits.timeout);
            async { Err(Error::from(ErrorKind::Io)) }
        });
        let mut errors = Vec::new();
        for elapsed in [SHORT, LONG] {
            let started = Instant::now().checked_sub(elapsed).unwrap();
            let (sender, receiver) = channel();
            let limits = Limits::default().timeout(Some(LONG));
            block_on(deliver(&transport, request(), limits, started, sender));
            errors.push(block_on(receiver).unwrap_err());
        }
        assert!(matches!(timeouts.lock().unwrap()[..], [Some(left)] if left + SHORT <= LONG));
        let [sent, late] = &errors[..] else { panic!("{errors:?}") };
        assert!(sent.may_have_been_sent() && sent.kind() == ErrorKind::Io, "{sent:?}");
        assert!(!late.may_have_been_sent() && late.kind() == ErrorKind::Timeout, "{late:?}");
    }

    #[test]
    fn call_stops_waiting_for_a_transport_that_outlasts_its_timeout() {
        // C-12
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            let _released = released.lock().unwrap().recv_timeout(LONG);
            async { Err(Error::from(ErrorKind::Io)) }
        })));
        let start = Instant::now();
        // Long enough for the thread to begin, on a busy machine.
        let timeout = Duration::from_secs(2);
        let limits = Limits::default().timeout(Some(timeout));
        let error = block_on(transport.send(request(), limits)).unwrap_err();
        assert!(error.may_have_been_sent() && error.kind() == ErrorKind::Timeout, "{error:?}");
        assert!((timeout + GRACE..LONG / 2).contains(&start.elapsed()), "{:?}", start.elapsed());
        drop(release);
    }

    #[test]
    fn error_of_the_transport_comes_before_that_of_the_timeout() {
        let transport = Offloaded(Arc::new(from_fn(|_: Request<Bytes>, limits: Limits| async move {
            thread::sleep(limits.timeout.unwrap());
            Err(Error::from(ErrorKind::Timeout).not_sent())
        })));
        let limits = Limits::default().timeout(Some(SHORT));
        let error = block_on(transport.send(request(), limits)).unwrap_err();
        assert!(!error.may_have_been_sent(), "{error:?}");
    }

    // If a stack cannot be allocated, other systems may abort the process instead of returning an error.
    #[cfg(target_os = "linux")]
    #[test]
    fn request_is_not_sent_if_no_thread_is_left() {
        use std::{env, process::Command};

        const CHILD: &str = "OPENROUTER_OAUTH_TEST_NO_THREADS";
        if env::var_os(CHILD).is_none() {
            // If no thread can be started, the test harness runs the test on the main thread.
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", "blocking::offloaded::tests::request_is_not_sent_if_no_thread_is_left"])
                .env(CHILD, "1")
                .env("RUST_MIN_STACK", (1_usize << (usize::BITS - 2)).to_string())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{text}");
            return;
        }
        assert!(thread::Builder::new().spawn(|| {}).is_err());
        let transport =
            Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| async { panic!("was sent") })));
        let error = block_on(send(&transport)).unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Connect, false), "{error:?}");
    }

    #[test]
    fn error_does_not_contain_the_text_of_a_panic() {
        // C-17
        let transport =
            Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| poll_fn(|_| panic!("sk-or-v1-0e6f")))));
        let error = block_on(send(&transport)).unwrap_err();
        assert!(error.may_have_been_sent() && error.kind() == ErrorKind::Other, "{error:?}");
        assert!(!format!("{error:?}").contains("sk-or"), "{error:?}");
    }

    #[test]
    fn response_and_error_are_those_of_the_transport() {
        let transport = Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| async {
            thread::sleep(SHORT);
            Err(Error::from(ErrorKind::Connect))
        })));
        let error = block_on(send(&transport)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    }
}
