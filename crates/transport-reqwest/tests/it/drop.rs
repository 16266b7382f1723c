//! Tests of dropped requests.

use std::{future::poll_fn, task::Poll};

use openrouter_oauth_transport::{Limits, Transport};

use crate::{
    own, send,
    server::{KEY, exchange, granting},
};

#[tokio::test]
async fn unpolled_request_is_not_sent() {
    let server = granting();
    drop(own().send(exchange(server.origin()), Limits::default()));
    tokio::task::yield_now().await;
    assert_eq!(server.connections().unwrap(), 0);
}

#[tokio::test]
async fn transport_works_after_a_drop_at_any_poll() {
    // F50, C-28
    for polls in 0..12 {
        let server = granting();
        let transport = own();
        let mut sending = transport.send(exchange(server.origin()), Limits::default());
        for _ in 0..polls {
            if poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(sending);
        assert_eq!(send(&transport, server.origin()).await.unwrap(), KEY);
        // The dropped request arrived once or not at all.
        assert!((1..=2).contains(&server.requests().len()), "{polls}");
    }
}
