//! Tests of the client whose calls block, over real sockets and with transports that need no runtime.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use http::{HeaderMap, Request, Response, StatusCode};
use openrouter_oauth::{
    ApiKey, Attempt, Error, Hook, Retry, SpentReason,
    blocking::Client,
    transport::{ErrorKind, Limits, SleepFuture, Timer, from_fn},
};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);

const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#;

/// Starts a server that gives these responses, one for each connection. Then it accepts connections and stays silent.
fn serve(responses: Vec<(u16, &'static str)>) -> String {
    serve_counted(responses).0
}

/// Also returns the number of connections so far.
fn serve_counted(responses: Vec<(u16, &'static str)>) -> (String, Arc<AtomicU32>) {
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for response in responses.into_iter().map(Some).chain(std::iter::repeat(None)) {
            let Ok((mut peer, _)) = listener.accept() else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let _read = peer.read(&mut [0; 8192]);
            if let Some((status, body)) = response {
                let length = body.len();
                let _sent = peer.write_all(
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes(),
                );
            }
            open.push(peer);
        }
    });
    (url, connections)
}

fn client(url: &str) -> Client {
    Client::builder().base_url(url).build_blocking().unwrap()
}

#[test]
fn sign_in_needs_no_runtime() {
    let client = client(&serve(vec![(200, GRANT)]));
    let (_url, mut pending) = client.authorize("http://127.0.0.1:3000/callback").begin().unwrap();
    let callback = format!("/callback/{}?code=auth_code_abc123", pending.attempt_id());
    let code = pending.read_callback(&callback).unwrap();
    let grant = pending.exchange_blocking(&client, &code).unwrap();
    assert_eq!(grant.key.expose(), "sk-or-v1-0e6f");
    let again = pending.exchange_blocking(&client, &code);
    assert!(matches!(again, Err(Error::Spent(SpentReason::Exchanged))), "{again:?}");
    assert!(pending.age(client.system_time()).is_some());
}

#[test]
fn code_is_sent_once_when_the_response_is_lost() {
    // C-10
    let (url, connections) = serve_counted(vec![(500, "lost")]);
    let client = client(&url);
    let (_url, pending) = client.authorize_headless().begin().unwrap();
    let code = pending.read_pasted("auth_code_abc123").unwrap();
    let mut pending = openrouter_oauth::AnySignIn::from(pending);
    let error = pending.exchange_blocking(&client, &code).unwrap_err();
    assert!(error.is_outcome_unknown() && !pending.is_fresh(), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn calls_are_retried_and_hooks_run() {
    #[derive(Clone, Debug, Default)]
    struct Count(Arc<AtomicU32>);

    impl Hook for Count {
        fn after_response(&self, _: &Attempt, _: StatusCode, _: &HeaderMap) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let url = serve(vec![(503, "busy"), (502, "busy"), (200, r#"{"keys":[]}"#)]);
    let count = Count::default();
    let retry = Retry::default().initial_backoff(Duration::from_millis(20));
    let builder = Client::builder().base_url(url).hook(count.clone()).retry(retry);
    let response = builder
        .build_blocking()
        .unwrap()
        .signing_keys()
        .header("x-trace", "42")
        .send_with_response()
        .unwrap();
    assert_eq!((response.status(), response.attempts()), (StatusCode::OK, 3));
    assert_eq!(count.0.load(Ordering::Relaxed), 3);
}

#[test]
fn deadline_ends_a_silent_call() {
    // C-12
    let client = client(&serve(vec![]));
    let start = Instant::now();
    let error = client.signing_keys().timeout(Duration::from_millis(150)).send().unwrap_err();
    assert!(matches!(error, Error::NoResponse { .. }), "{error:?}");
    assert!(start.elapsed() >= Duration::from_millis(150) && start.elapsed() < Duration::from_secs(5));
}

#[test]
fn transport_need_not_block() {
    // The transport completes on another thread, and the timer must not delay or lose it.
    let transport = from_fn(|_: Request<_>, _: Limits| async {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            sender.send(())
        });
        receiver.await.map_err(|_| ErrorKind::Io)?;
        Ok(Response::new(r#"{"keys":[]}"#.into()))
    });
    let client = Client::builder().transport(transport).build_blocking().unwrap();
    let start = Instant::now();
    assert!(client.signing_keys().send().unwrap().keys.is_empty());
    assert!(start.elapsed() < Duration::from_secs(10), "it did not wait for the deadline");
}

#[test]
fn deadline_ends_a_transport_that_never_completes() {
    // C-12
    let never = from_fn(|_: Request<_>, _: Limits| std::future::pending());
    let client = Client::builder().transport(never).timeout(Duration::from_millis(100));
    let error = client.build_blocking().unwrap().signing_keys().send().unwrap_err();
    assert!(matches!(error, Error::NoResponse { .. }), "{error:?}");
}

/// A timer whose sleeps block the thread that polls them, like those of `ThreadTimer` if no thread is left.
#[derive(Debug)]
struct NoThreads;

impl Timer for NoThreads {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(async move { thread::sleep(duration) })
    }
}

#[test]
fn response_that_arrives_during_a_blocking_sleep_is_kept() {
    let transport = from_fn(|_: Request<_>, _: Limits| async {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        thread::spawn(move || sender.send(()));
        receiver.await.map_err(|_| ErrorKind::Io)?;
        Ok(Response::new(r#"{"keys":[]}"#.into()))
    });
    let client = Client::builder().transport(transport).timer(NoThreads).timeout(Duration::from_secs(1));
    assert!(client.build_blocking().unwrap().signing_keys().send().unwrap().keys.is_empty());
}

#[test]
fn call_whose_key_source_blocks_past_the_deadline_is_not_sent() {
    // C-12
    let (url, connections) = serve_counted(vec![]);
    let builder = Client::builder().base_url(url).timeout(Duration::from_millis(50));
    let builder = builder.api_key_source(|| async {
        thread::sleep(Duration::from_millis(200));
        Ok(ApiKey::parse("sk-or-v1-0e6f")?)
    });
    let error = builder.build_blocking().unwrap().current_key().send().unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[cfg(feature = "hyper")]
#[test]
fn deadline_ends_a_transport_whose_runtime_is_blocked() {
    // C-12: the transport enforces the timeout, but with the timer of the runtime that the call blocks.
    let transport = openrouter_oauth::transport_hyper::HyperTransport::new();
    let client = Client::builder().base_url(serve(vec![])).transport(transport);
    let client = client.timeout(Duration::from_millis(300)).build_blocking().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async { client.signing_keys().send() }).unwrap_err();
    assert!(matches!(error, Error::NoResponse { .. }), "{error:?}");
}

#[test]
fn calls_work_inside_a_runtime() {
    let url = serve(vec![(200, r#"{"keys":[]}"#); 2]);
    for runtime in [
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ] {
        let client = client(&url);
        runtime.block_on(async move {
            // As on a worker thread of a server.
            let called = tokio::spawn(async move { client.signing_keys().send() });
            assert!(called.await.unwrap().unwrap().keys.is_empty());
        });
    }
}

#[test]
fn clones_make_calls_on_many_threads() {
    let client = client(&serve(vec![(200, r#"{"keys":[]}"#); 8]));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(client.clone().signing_keys().send().unwrap().keys.is_empty()));
        }
    });
}

#[test]
fn new_client_uses_ureq() {
    let client = Client::new();
    assert_eq!(client.origin().as_str(), "https://openrouter.ai");
    assert_eq!(client.timeout(), Some(Duration::from_secs(30)));
    assert!(format!("{client:?}").contains("UreqTransport"), "{client:?}");
}

#[test]
fn refused_connection_is_not_sent() {
    // C-12
    // The port of an open connection, on which no other test can listen.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let closed = open.local_addr().unwrap();
    let retry = Retry::default().max_attempts(1);
    let builder = Client::builder().base_url(format!("http://{closed}/api/v1")).retry(retry);
    let error = builder.build_blocking().unwrap().signing_keys().send().unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn async_client_sends_through_the_transport_of_the_blocking_one() {
    let this = thread::current().id();
    let transport = from_fn(move |_: Request<_>, _: Limits| {
        assert_ne!(thread::current().id(), this);
        async { Ok(Response::new(r#"{"keys":[]}"#.into())) }
    });
    let client = Client::builder().transport(transport).build_blocking().unwrap();
    assert!(client.to_async().signing_keys().await.unwrap().keys.is_empty());
}

#[test]
fn runtime_ends_while_a_request_of_its_async_client_blocks() {
    let (release, released) = mpsc::channel::<()>();
    let (started, is_sent) = mpsc::channel();
    let released = Mutex::new(released);
    let transport = from_fn(move |_: Request<_>, _: Limits| {
        started.send(()).unwrap();
        let _released = released.lock().unwrap().recv_timeout(LONG);
        async { Err(ErrorKind::Io.into()) }
    });
    let client = Client::builder().transport(transport).build_blocking().unwrap().to_async();
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let call = async { tokio::time::timeout(Duration::from_millis(200), client.signing_keys()).await };
    assert!(runtime.block_on(call).is_err());
    is_sent.recv_timeout(LONG).unwrap();
    drop(runtime);
    assert!(start.elapsed() < LONG / 2, "{:?}", start.elapsed());
    drop(release);
}
