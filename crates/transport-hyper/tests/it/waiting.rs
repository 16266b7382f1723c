//! Tests of requests that wait for a connection.

use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;
use tokio::task::{JoinHandle, JoinSet, yield_now};

use crate::server::{GRANT, KEY, ScriptedServer, exchange, granting, serving};

/// A server that responds only after its gate is open.
struct GatedServer {
    server: ScriptedServer,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl GatedServer {
    fn start() -> Self {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let waiting = Arc::clone(&gate);
        let server = serving(move |connection| {
            let (is_open, opened) = &*waiting;
            drop(opened.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
            connection.send(GRANT)
        });
        Self { server, gate }
    }

    fn open(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    async fn wait_for_requests(&self, count: usize) {
        let is_whole = |requests: &[_]| requests.len() == count;
        self.server.wait_for_requests(is_whole).await.unwrap();
    }
}

impl Drop for GatedServer {
    fn drop(&mut self) {
        // The server waits for its scripts.
        self.open();
    }
}

fn limited(connections: usize) -> HyperTransport {
    HyperTransport::builder().max_connections(connections).build().unwrap()
}

/// Sends a request in a task of its own.
fn start(transport: &HyperTransport, request: Request<Bytes>) -> JoinHandle<Result<Response<Bytes>, Error>> {
    let transport = transport.clone();
    tokio::spawn(async move { transport.send(request, Limits::default()).await })
}

async fn assert_granted(sent: JoinHandle<Result<Response<Bytes>, Error>>) {
    assert_eq!(sent.await.unwrap().unwrap().body(), KEY);
}

async fn assert_times_out_unsent(transport: &HyperTransport, request: Request<Bytes>) {
    let limits = Limits::default().timeout(Some(Duration::from_millis(100)));
    assert_timed_out_unsent(&transport.send(request, limits).await.unwrap_err());
}

#[track_caller]
fn assert_timed_out_unsent(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(!error.may_have_been_sent(), "{error:?}");
}

#[tokio::test]
async fn deadline_of_a_waiting_request_proves_that_nothing_was_sent() {
    let stalled = GatedServer::start();
    let transport = limited(2);
    let running = [0, 1].map(|_| start(&transport, exchange(stalled.server.origin())));
    stalled.wait_for_requests(2).await;
    assert_times_out_unsent(&transport, exchange(stalled.server.origin())).await;
    let without_body = Request::get(stalled.server.url("/api/v1/key")).body(Bytes::new()).unwrap();
    assert_times_out_unsent(&transport, without_body).await;
    assert_eq!(stalled.server.requests().len(), 2);
    assert_eq!(stalled.server.connections().unwrap(), 2);

    stalled.open();
    for sent in running {
        assert_granted(sent).await;
    }
}

#[tokio::test]
async fn stalled_origin_does_not_delay_others() {
    let (stalled, granting) = (GatedServer::start(), granting());
    let transport = limited(1);
    let running = start(&transport, exchange(stalled.server.origin()));
    stalled.wait_for_requests(1).await;
    let waiting = start(&transport, exchange(stalled.server.origin()));
    yield_now().await;
    assert_granted(start(&transport, exchange(granting.origin()))).await;
    assert!(!waiting.is_finished());

    stalled.open();
    assert_granted(running).await;
    assert_granted(waiting).await;
}

#[tokio::test]
async fn first_request_to_wait_is_the_first_to_be_sent() {
    let gated = GatedServer::start();
    // Zero counts as one.
    let transport = limited(0);
    let paths: Vec<_> = (0..20).map(|number| format!("/{number}")).collect();
    let mut all = Vec::new();
    for path in &paths {
        let request = Request::get(gated.server.url(path)).body(Bytes::new()).unwrap();
        all.push(start(&transport, request));
        yield_now().await;
    }
    // A request that is given up leaves the queue.
    all.remove(5).abort();
    gated.wait_for_requests(1).await;
    gated.open();
    for sent in all {
        assert_granted(sent).await;
    }
    let mut expected = paths;
    expected.remove(5);
    let requests = gated.server.requests();
    let sent: Vec<_> =
        requests.iter().map(openrouter_oauth_transport_contract::ReceivedRequest::target).collect();
    assert_eq!(sent, expected);
    assert_eq!(gated.server.connections().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_connections_are_opened_than_allowed() {
    let server = granting();
    let transport = limited(4);
    let mut sending = JoinSet::new();
    for _ in 0..400 {
        let (transport, request) = (transport.clone(), exchange(server.origin()));
        sending.spawn(async move { transport.send(request, Limits::default()).await });
    }
    for response in sending.join_all().await {
        assert_eq!(response.unwrap().body(), KEY);
    }
    assert_eq!(server.connections().unwrap(), 4);
}

#[tokio::test]
async fn overload_leaves_no_outcome_unknown() {
    // More requests than the server can serve before their deadline.
    let server = serving(|connection| {
        thread::sleep(Duration::from_millis(100));
        connection.send(GRANT)
    });
    // Half of this is kept for the request itself, which is enough even on a busy machine.
    let (transport, limits) = (limited(2), Limits::default().timeout(Some(Duration::from_secs(4))));
    let mut sending = JoinSet::new();
    for _ in 0..100 {
        let (transport, request) = (transport.clone(), exchange(server.origin()));
        sending.spawn(async move { transport.send(request, limits).await });
    }
    let results = sending.join_all().await;
    let granted = results.iter().filter(|result| result.is_ok()).count();
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_timed_out_unsent(error);
    }
    assert!((1..100).contains(&granted), "{granted} requests succeeded");
    assert_eq!(server.requests().len(), granted);
}

#[tokio::test]
async fn request_is_not_sent_after_its_deadline() {
    let server = granting();
    let transport = HyperTransport::new();
    for idle in [false, true] {
        if idle {
            assert_granted(start(&transport, exchange(server.origin()))).await;
        }
        let late = transport
            .send(exchange(server.origin()), Limits::default().timeout(Some(Duration::from_millis(1))));
        // The timer of the runtime does not notice this.
        thread::sleep(Duration::from_millis(5));
        assert_timed_out_unsent(&late.await.unwrap_err());
        let none = Limits::default().timeout(Some(Duration::ZERO));
        assert_timed_out_unsent(&transport.send(exchange(server.origin()), none).await.unwrap_err());
    }
    assert_eq!(server.requests().len(), 1);
}
