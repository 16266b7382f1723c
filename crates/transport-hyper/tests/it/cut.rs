//! A connection that breaks, at every byte.

use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    GRANT, exchange,
    server::{Peer, Server},
};

#[derive(Clone, Copy, Debug)]
enum End {
    Close,
    Reset,
}

impl End {
    async fn of(self, peer: Peer) {
        match self {
            Self::Close => peer.close().await,
            Self::Reset => peer.reset(),
        }
    }
}

const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"key\r\n3\r\n\":1\r\n1\r\n}\r\n0\r\n\r\n";

#[tokio::test]
async fn a_cut_answer_is_an_error_and_never_a_cut_body() {
    // F20, F21
    for answer in [GRANT, CHUNKED] {
        for end in [End::Close, End::Reset] {
            for offset in 0..answer.len() {
                let server = Server::plain(move |mut peer: Peer| async move {
                    peer.request().await;
                    peer.send(&answer[..offset]).await;
                    end.of(peer).await;
                })
                .await;
                let error = send(&server).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Io, "{end:?} after {offset}: {error:?}");
                assert!(error.may_have_been_sent(), "{end:?} after {offset}");
                assert_eq!(server.connections(), 1, "{end:?} after {offset}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_is_cut_is_not_sent_again() {
    // F3, F10, F11
    let whole = server_side_length().await;
    for end in [End::Close, End::Reset] {
        for offset in 0..=whole {
            let server = Server::plain(move |mut peer: Peer| async move {
                peer.read(offset).await;
                end.of(peer).await;
            })
            .await;
            let error = send(&server).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{end:?} after {offset}: {error:?}");
            assert_eq!(server.connections(), 1, "{end:?} after {offset}");
            if offset > 0 {
                assert!(error.may_have_been_sent(), "{end:?} after {offset}");
            }
        }
    }
}

async fn send(server: &Server) -> Result<(), Error> {
    let sent = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await;
    sent.map(drop)
}

/// How many bytes the request has.
async fn server_side_length() -> usize {
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(GRANT).await;
    })
    .await;
    send(&server).await.unwrap();
    server.requests()[0].len()
}
