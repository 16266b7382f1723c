//! Tests of dropped requests.

use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::server::{KEY, exchange, granting};

#[tokio::test]
async fn unpolled_request_is_not_sent() {
    let server = granting();
    drop(HyperTransport::new().send(exchange(server.origin()), Limits::default()));
    tokio::task::yield_now().await;
    assert_eq!(server.connections().unwrap(), 0);
}

#[tokio::test]
async fn transport_works_after_a_drop_at_any_poll() {
    // F50, C-28
    for polls in 0..12 {
        let server = granting();
        let transport = HyperTransport::new();
        let mut sending = transport.send(exchange(server.origin()), Limits::default());
        for _ in 0..polls {
            let once = std::future::poll_fn(|context| std::task::Poll::Ready(sending.as_mut().poll(context)));
            if once.await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(sending);
        let response = transport.send(exchange(server.origin()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), KEY);
    }
}
