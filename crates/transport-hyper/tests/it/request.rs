//! What goes out.

use bytes::Bytes;
use http::Request;
use openrouter_oauth_transport::{Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    GRANT, exchange,
    server::{Peer, Server},
};

async fn grant(mut peer: Peer) {
    while peer.request().await {
        peer.send(GRANT).await;
    }
}

#[tokio::test]
async fn a_request_goes_out_as_it_is_with_host_and_length_added() {
    // C-15, C-16
    let server = Server::plain(grant).await;
    HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
    let golden = format!(
        "POST /api/v1/auth/keys HTTP/1.1\r\n\
         content-type: application/json\r\n\
         accept: application/json\r\n\
         host: {}\r\n\
         content-length: 42\r\n\
         \r\n\
         {{\"code\":\"c0de\",\"code_verifier\":\"v3rifier\"}}",
        server.address()
    );
    assert_eq!(server.requests(), [golden]);
}

#[tokio::test]
async fn a_request_without_a_body_has_no_length() {
    let server = Server::plain(grant).await;
    let request = Request::get(format!("{}/api/v1/key?a=b%20c", server.http()))
        .header("authorization", "Bearer sk-or-v1-00")
        .body(Bytes::new())
        .unwrap();
    HyperTransport::new().send(request, Limits::default()).await.unwrap();
    let golden = format!(
        "GET /api/v1/key?a=b%20c HTTP/1.1\r\n\
         authorization: Bearer sk-or-v1-00\r\n\
         host: {}\r\n\
         \r\n",
        server.address()
    );
    assert_eq!(server.requests(), [golden]);
}

#[tokio::test]
async fn credentials_in_a_url_are_not_sent() {
    // C-15
    let server = Server::plain(grant).await;
    let url = format!("http://user:password@{}/", server.address());
    let request = Request::get(url).body(Bytes::new()).unwrap();
    HyperTransport::new().send(request, Limits::default()).await.unwrap();
    let golden = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", server.address());
    assert_eq!(server.requests(), [golden]);
}
