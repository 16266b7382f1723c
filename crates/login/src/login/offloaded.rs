//! A login with a client that blocks.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{
    blocking,
    transport::{Error, ErrorKind, Limits, ResponseFuture, ThreadTimer, Timer as _, Transport, block_on},
};
use tokio::{select, sync::oneshot};

use super::Login;

impl Login {
    /// Creates a login at the service that `client` calls, with a client whose calls block.
    ///
    /// The login sends each request on a thread of its own, so that it can still respond to the browser, be cancelled,
    /// and time out. It measures time with the client's timer.
    ///
    /// A request that blocks cannot be cancelled: its thread ends when the request does. A transport that enforces the
    /// client's timeout ends it then. If it does not, the login stops waiting two seconds later. A tokio runtime that
    /// ends does not wait for that thread either.
    ///
    /// A [timer](openrouter_oauth::transport::Timer) of your own must not block the thread that polls its sleeps, which
    /// is that of the login.
    ///
    /// ```
    /// # use openrouter_oauth::transport::{Limits, from_fn};
    /// # use openrouter_oauth_login::testing::TestUser;
    /// use openrouter_oauth::blocking::Client;
    /// use openrouter_oauth_login::Login;
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let client = Client::new();
    /// #     let openrouter = from_fn(|_: http::Request<_>, _: Limits| async {
    /// #         Ok(http::Response::new(r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#.into()))
    /// #     });
    /// #     let client = Client::builder().transport(openrouter).build_blocking()?;
    ///     let login = Login::with_blocking_client(&client).key_label("my-cli");
    /// #     let login = login.prompt(TestUser::pastes(["auth_code_abc123"])).headless(true);
    ///     let client = client.with_key(login.run_blocking()?.key);
    ///     Ok(())
    /// }
    /// ```
    pub fn with_blocking_client(client: &blocking::Client) -> Self {
        Self::new(&client.to_async_with(Offloaded))
    }
}

/// A transport that blocks, with a thread for each request.
///
/// A runtime waits for its own threads when it ends, so a request on one of them could keep the program from ending.
#[derive(Debug)]
struct Offloaded(Arc<dyn Transport>);

impl Transport for Offloaded {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let transport = Arc::clone(&self.0);
        let started = Instant::now();
        // `Duration::MAX` never ends.
        let limit = limits.timeout.map_or(Duration::MAX, |timeout| timeout.saturating_add(GRACE));
        let over = ThreadTimer.sleep(limit);
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            thread::Builder::new()
                .name("request".into())
                .spawn(move || block_on(deliver(&*transport, request, limits, started, sender)))
                // A retry may help.
                .map_err(|error| Error::new(ErrorKind::Connect, error))?;
            select! {
                biased;
                // Without the text of the panic, which may contain a secret.
                response = receiver => response
                    .unwrap_or_else(|_| Err(Error::new(ErrorKind::Other, "the transport panicked"))),
                () = over => Err(ErrorKind::Timeout.into()),
            }
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
    mut receiver: oneshot::Sender<Result<Response<Bytes>, Error>>,
) {
    limits.timeout = limits.timeout.map(|timeout| timeout.saturating_sub(started.elapsed()));
    // `send` may already block, so it runs only if somebody waits.
    let send = async {
        match limits.timeout {
            Some(Duration::ZERO) => Err(Error::from(ErrorKind::Timeout).not_sent()),
            _ => transport.send(request, limits).await,
        }
    };
    let response = select! {
        biased;
        () = receiver.closed() => return,
        response = send => response,
    };
    // It fails only if nobody waits any longer.
    let _unwanted = receiver.send(response);
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        sync::{Mutex, mpsc},
    };

    use openrouter_oauth::transport::from_fn;
    use tokio::{
        runtime::{Builder, Runtime},
        time::timeout,
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    fn request() -> Request<Bytes> {
        Request::post("https://openrouter.ai/").body(Bytes::new()).unwrap()
    }

    fn send(transport: &Offloaded) -> ResponseFuture<'_> {
        transport.send(request(), Limits::default())
    }

    #[test]
    fn runtime_ends_while_a_request_blocks() {
        let (release, released) = mpsc::channel::<()>();
        let (started, is_sent) = mpsc::channel();
        let released = Mutex::new(released);
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            started.send(()).unwrap();
            let _released = released.lock().unwrap().recv_timeout(LONG);
            async { Err(Error::from(ErrorKind::Io)) }
        })));
        let start = Instant::now();
        let runtime = runtime();
        assert!(runtime.block_on(async { timeout(SHORT, send(&transport)).await }).is_err());
        is_sent.recv_timeout(LONG).unwrap();
        drop(runtime);
        assert!(start.elapsed() < LONG / 2, "{:?}", start.elapsed());
        drop(release);
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
        assert!(runtime().block_on(async { timeout(SHORT, send(&transport)).await }).is_err());
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
        let (sender, receiver) = oneshot::channel();
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
            let (sender, mut receiver) = oneshot::channel();
            let limits = Limits::default().timeout(Some(LONG));
            block_on(deliver(&transport, request(), limits, started, sender));
            errors.push(receiver.try_recv().unwrap().unwrap_err());
        }
        assert!(matches!(timeouts.lock().unwrap()[..], [Some(left)] if left + SHORT <= LONG));
        let [sent, late] = &errors[..] else { panic!("{errors:?}") };
        assert!(sent.may_have_been_sent() && sent.kind() == ErrorKind::Io, "{sent:?}");
        assert!(!late.may_have_been_sent() && late.kind() == ErrorKind::Timeout, "{late:?}");
    }

    #[test]
    fn login_stops_waiting_for_a_transport_that_outlasts_its_timeout() {
        // C-12
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let transport = Offloaded(Arc::new(from_fn(move |_: Request<Bytes>, _: Limits| {
            let _released = released.lock().unwrap().recv_timeout(LONG);
            async { Err(Error::from(ErrorKind::Io)) }
        })));
        let start = Instant::now();
        let limits = Limits::default().timeout(Some(SHORT));
        let error = runtime().block_on(transport.send(request(), limits)).unwrap_err();
        assert!(error.may_have_been_sent() && error.kind() == ErrorKind::Timeout, "{error:?}");
        assert!((SHORT + GRACE..LONG / 2).contains(&start.elapsed()), "{:?}", start.elapsed());
        drop(release);
    }

    #[test]
    fn error_of_the_transport_comes_before_that_of_the_timeout() {
        let transport = Offloaded(Arc::new(from_fn(|_: Request<Bytes>, limits: Limits| async move {
            thread::sleep(limits.timeout.unwrap());
            Err(Error::from(ErrorKind::Timeout).not_sent())
        })));
        let limits = Limits::default().timeout(Some(SHORT));
        let error = runtime().block_on(transport.send(request(), limits)).unwrap_err();
        assert!(!error.may_have_been_sent(), "{error:?}");
    }

    // The size of a stack that other systems cannot allocate may end the process instead.
    #[cfg(target_os = "linux")]
    #[test]
    fn request_is_not_sent_if_no_thread_is_left() {
        use std::{env, process::Command};

        const CHILD: &str = "OPENROUTER_OAUTH_TEST_NO_THREADS";
        if env::var_os(CHILD).is_none() {
            // The test harness runs the test on the main thread then.
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", "login::offloaded::tests::request_is_not_sent_if_no_thread_is_left"])
                .env(CHILD, "1")
                .env("RUST_MIN_STACK", (1_usize << (usize::BITS - 2)).to_string())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            return;
        }
        let transport =
            Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| async { panic!("was sent") })));
        let error = runtime().block_on(send(&transport)).unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Connect, false), "{error:?}");
    }

    #[test]
    fn error_does_not_contain_the_text_of_a_panic() {
        // C-17
        let transport =
            Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| poll_fn(|_| panic!("sk-or-v1-0e6f")))));
        let error = runtime().block_on(send(&transport)).unwrap_err();
        assert!(error.may_have_been_sent() && error.kind() == ErrorKind::Other, "{error:?}");
        assert!(!format!("{error:?}").contains("sk-or"), "{error:?}");
    }

    #[test]
    fn response_and_error_are_those_of_the_transport() {
        let transport = Offloaded(Arc::new(from_fn(|_: Request<Bytes>, _: Limits| async {
            thread::sleep(SHORT);
            Err(Error::from(ErrorKind::Connect))
        })));
        let error = runtime().block_on(send(&transport)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    }
}
