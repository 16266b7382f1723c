//! Dropping a request.

use std::future::pending;

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;
use tokio::sync::mpsc;

use crate::{
    GRANT, KEY, exchange,
    server::{Peer, Server},
};

#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    // F50, C-28
    for answer in [&b""[..], b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (steps, mut seen) = mpsc::unbounded_channel();
        let server = Server::plain(move |mut peer: Peer| {
            let steps = steps.clone();
            async move {
                peer.request().await;
                peer.send(answer).await;
                steps.send("answered").unwrap();
                peer.closed().await;
                steps.send("closed").unwrap();
            }
        })
        .await;
        let transport = HyperTransport::new();
        let sending = transport.send(exchange(&server.http()), Limits::default());
        tokio::select! {
            sent = sending => panic!("{sent:?} of a part"),
            step = seen.recv() => assert_eq!(step, Some("answered")),
        }
        // `select!` has dropped it.
        assert_eq!(seen.recv().await, Some("closed"));
    }
}

#[tokio::test]
async fn a_request_that_was_never_polled_is_not_sent() {
    let server = Server::plain(async |_peer| pending().await).await;
    drop(HyperTransport::new().send(exchange(&server.http()), Limits::default()));
    tokio::task::yield_now().await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_transport_works_after_a_request_was_dropped_at_any_poll() {
    // F50, C-28
    for polls in 0..12 {
        let server = Server::plain(|mut peer: Peer| async move {
            while peer.request().await {
                peer.send(GRANT).await;
            }
        })
        .await;
        let transport = HyperTransport::new();
        let mut sending = transport.send(exchange(&server.http()), Limits::default());
        for _ in 0..polls {
            let once = std::future::poll_fn(|context| std::task::Poll::Ready(sending.as_mut().poll(context)));
            if once.await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(sending);
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
    }
}
