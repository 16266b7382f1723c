//! The default transport over a real socket: a request that may have arrived is sent again only if it is idempotent.

use std::{io, time::Duration};

use openrouter_oauth_transport::testing::contract::{Peer, Read, Server, Site, close};
use rustix::net::sockopt::set_socket_linger;

use crate::support::{Operation, builder, describe};

/// A server that resets the connection of the first request, and succeeds after that.
fn resetting_server(operation: Operation) -> Server {
    let script = move |peer: &mut Peer, number| {
        if number == 0 { reset(peer) } else { peer.answer(operation.success()) }
    };
    Server::start(&Site::plain(), Read::Whole, script).unwrap()
}

fn reset(peer: &Peer) -> io::Result<()> {
    set_socket_linger(peer.tcp(), Some(Duration::ZERO))?;
    close()
}

#[tokio::test]
async fn non_idempotent_request_is_sent_once_over_a_reset_connection() {
    // F10, F21
    for operation in Operation::NON_IDEMPOTENT {
        let server = resetting_server(operation);
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        let error = operation.call(&client).await.unwrap_err();
        assert_eq!(describe(&error), "OutcomeUnknown(Cut)", "{operation:?}");
        assert_eq!(server.requests().len(), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn idempotent_request_is_retried_over_a_reset_connection() {
    // F10, F21
    for operation in Operation::IDEMPOTENT {
        let server = resetting_server(operation);
        let client = builder().base_url(server.url("/api/v1")).build().unwrap();
        operation.call(&client).await.unwrap();
        assert_eq!(server.requests().len(), 2, "{operation:?}");
    }
}
