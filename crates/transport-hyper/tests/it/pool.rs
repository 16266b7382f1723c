//! Tests of connection reuse.

use std::{
    net::Shutdown,
    sync::Mutex,
    time::{Duration, Instant},
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;
use tokio::sync::mpsc;

use crate::server::{
    GRANT, KEY, RunScript, Scheme, ScriptedServer, close_connection, exchange, granting, serving,
};

/// Long enough for a slow machine.
const LONG_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

fn idle(timeout: Duration) -> HyperTransport {
    HyperTransport::builder().idle_timeout(timeout).build().unwrap()
}

#[tokio::test]
async fn recent_connection_is_reused() {
    let server = granting();
    let transport = idle(LONG_IDLE_TIMEOUT);
    for _ in 0..100 {
        let response = transport.clone().send(exchange(server.origin()), Limits::default()).await;
        assert_eq!(response.unwrap().body(), KEY);
    }
    assert_eq!(server.connections().unwrap(), 1);
}

#[tokio::test]
async fn idle_connection_is_closed_after_the_timeout() {
    // F13, C-19
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = serving(move |connection| {
        connection.send(GRANT)?;
        let ended = connection.wait_for_close();
        closed.send(()).unwrap();
        ended
    });
    let transport = idle(Duration::from_millis(20));
    for connections in 1..=2 {
        transport.send(exchange(server.origin()), Limits::default()).await.unwrap();
        assert_eq!(server.connections().unwrap(), connections);
        seen.recv().await.unwrap();
    }
}

#[tokio::test]
async fn short_idle_timeout_holds_after_a_slow_response() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = serving(move |connection| {
        std::thread::sleep(Duration::from_millis(250));
        connection.send(GRANT)?;
        let sent = Instant::now();
        let ended = connection.wait_for_close();
        closed.send(sent.elapsed()).unwrap();
        ended
    });
    idle(Duration::from_millis(150)).send(exchange(server.origin()), Limits::default()).await.unwrap();
    let idle_time = seen.recv().await.unwrap();
    assert!(idle_time < Duration::from_millis(1_500), "{idle_time:?}");
}

#[tokio::test]
async fn zero_idle_timeout_opens_a_connection_per_request() {
    // C-19: the server closes the connection after each response, without announcing it.
    let server = serving(|connection| {
        connection.send(GRANT)?;
        close_connection()
    });
    let transport = idle(Duration::ZERO);
    for _ in 0..1_000 {
        let response = transport.send(exchange(server.origin()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
    }
    assert_eq!(server.connections().unwrap(), 1_000);
}

#[tokio::test]
async fn connection_is_not_reused_after_an_announced_close() {
    // F13
    let server = serving(|connection| {
        connection.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")?;
        close_connection()
    });
    let transport = idle(LONG_IDLE_TIMEOUT);
    for _ in 0..100 {
        let response = transport.send(exchange(server.origin()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), "{}");
    }
    assert_eq!(server.connections().unwrap(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_closed_connection_sends_no_request_twice() {
    // F13: the server closes its sending direction just when the client may reuse the connection, and keeps reading.
    let server = serving(|connection| {
        connection.send(GRANT)?;
        connection.tcp().shutdown(Shutdown::Write)
    });
    let transport = idle(LONG_IDLE_TIMEOUT);
    let (mut responded, mut maybe) = (0, 0);
    for _ in 0..500 {
        match transport.send(exchange(server.origin()), Limits::default()).await {
            Ok(_) => responded += 1,
            Err(error) => {
                // A request must not wait in the queue of a connection that has just ended
                // (https://github.com/hyperium/hyper/issues/4122).
                assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
                maybe += usize::from(error.may_have_been_sent());
            }
        }
        let seen = server.requests().len();
        assert!((responded..=responded + maybe).contains(&seen), "{seen} of {responded} and {maybe}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connection_with_an_unread_request_is_not_reused() {
    // The server responds to the first request after its head, and does not read the body before the test is over.
    let (over, is_over) = std::sync::mpsc::channel::<()>();
    let is_over = Mutex::new(is_over);
    let server = ScriptedServer::start(&Scheme::http(), RunScript::AfterHead, move |connection, number| {
        connection.send(GRANT)?;
        if number == 0 {
            let _dropped = is_over.lock().unwrap().recv();
        }
        Ok(())
    });
    let server = server.unwrap();
    let transport = idle(LONG_IDLE_TIMEOUT);
    let mut large = exchange(server.origin());
    *large.body_mut() = vec![b' '; 32 << 20].into();
    for request in [large, exchange(server.origin())] {
        let limits = Limits::default().timeout(Some(Duration::from_secs(5)));
        assert_eq!(transport.send(request, limits).await.unwrap().body(), KEY);
    }
    assert_eq!(server.connections().unwrap(), 2);
    drop(over);
}
