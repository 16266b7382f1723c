//! Connections that are kept.

use std::time::Duration;

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;
use tokio::sync::mpsc;

use crate::{
    GRANT, KEY, exchange,
    server::{Peer, Server},
};

/// Long enough for a slow machine.
const LONG: Duration = Duration::from_secs(60);

async fn grant(mut peer: Peer) {
    while peer.request().await {
        peer.send(GRANT).await;
    }
}

fn idle(timeout: Duration) -> HyperTransport {
    HyperTransport::builder().idle_timeout(timeout).build().unwrap()
}

#[tokio::test]
async fn a_connection_is_used_again_while_it_is_fresh() {
    let server = Server::plain(grant).await;
    let transport = idle(LONG);
    for _ in 0..100 {
        let response = transport.clone().send(exchange(&server.http()), Limits::default()).await;
        assert_eq!(response.unwrap().body(), KEY);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_closed() {
    // F13, C-19
    let (closed, mut seen) = mpsc::unbounded_channel();
    let server = Server::plain(move |mut peer: Peer| {
        let closed = closed.clone();
        async move {
            peer.request().await;
            peer.send(GRANT).await;
            peer.closed().await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let transport = idle(Duration::from_millis(20));
    for connections in 1..=2 {
        transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(server.connections(), connections);
        seen.recv().await.unwrap();
    }
}

#[tokio::test]
async fn an_idle_time_of_zero_makes_a_fresh_connection_each_time() {
    // C-19: the server says nothing of closing and closes after each answer.
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(GRANT).await;
        peer.close().await;
    })
    .await;
    let transport = idle(Duration::ZERO);
    for _ in 0..1_000 {
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
    }
    assert_eq!(server.connections(), 1_000);
}

#[tokio::test]
async fn a_connection_the_server_says_it_will_close_is_not_used_again() {
    // F13
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").await;
        peer.close().await;
    })
    .await;
    let transport = idle(LONG);
    for _ in 0..100 {
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), "{}");
    }
    assert_eq!(server.connections(), 100);
}

#[tokio::test]
async fn a_stale_connection_never_carries_a_request_twice() {
    // F13
    stale(1, false).await;
    stale(5, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_connection_never_carries_a_request_twice_on_threads() {
    // F13
    stale(1, false).await;
    stale(5, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_connection_never_carries_a_request_twice() {
    // F13
    stale(1, true).await;
}

/// The server closes each connection just when it may be used again after so many answers, or closes its own half and
/// goes on reading.
async fn stale(answers: usize, half: bool) {
    let server = Server::plain(move |mut peer: Peer| async move {
        for _ in 0..answers {
            peer.request().await;
            peer.send(GRANT).await;
        }
        if half {
            peer.finish().await;
            peer.request().await;
        } else {
            peer.close().await;
        }
    })
    .await;
    let transport = idle(LONG);
    let (mut answered, mut maybe) = (0, 0);
    for _ in 0..500 {
        match transport.send(exchange(&server.http()), Limits::default()).await {
            Ok(_) => answered += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
                maybe += usize::from(error.may_have_been_sent());
            }
        }
        let seen = server.requests().len();
        assert!((answered..=answered + maybe).contains(&seen), "{seen} of {answered} and {maybe}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_their_own_answers() {
    let server = Server::plain(|mut peer: Peer| async move {
        while let Some(path) = peer.path().await {
            let length = path.len();
            peer.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{path}").as_bytes()).await;
        }
    })
    .await;
    let transport = HyperTransport::new();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..64 {
        let (transport, origin) = (transport.clone(), server.http());
        tasks.spawn(async move {
            for request in 0..20 {
                let path = format!("/{task}/{request}");
                let request = http::Request::get(format!("{origin}{path}")).body("".into()).unwrap();
                let response = transport.send(request, Limits::default()).await.unwrap();
                assert_eq!(response.body(), path.as_bytes());
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

#[tokio::test]
async fn bytes_after_an_answer_cost_the_connection_and_nothing_else() {
    // F37
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(&[GRANT, GRANT].concat()).await;
        peer.closed().await;
    })
    .await;
    let transport = idle(LONG);
    for connections in 1..=10 {
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn after_every_kind_of_failure_the_next_request_succeeds() {
    for failure in ["", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let first = std::sync::atomic::AtomicBool::new(true);
        let server = Server::plain(move |mut peer: Peer| {
            let first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
            async move {
                peer.request().await;
                peer.send(if first { failure.as_bytes() } else { GRANT }).await;
                peer.close().await;
            }
        })
        .await;
        let transport = HyperTransport::new();
        transport.send(exchange(&server.http()), Limits::default()).await.unwrap_err();
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
    }
}
