//! What comes back.

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    GRANT, KEY, exchange,
    server::{Peer, Server},
};

/// Answers each request with these bytes and closes.
async fn answering(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    Server::plain(move |mut peer: Peer| {
        let answer = answer.clone();
        async move {
            peer.request().await;
            peer.send(&answer).await;
            peer.close().await;
        }
    })
    .await
}

#[tokio::test]
async fn no_redirect_is_followed() {
    // F31, C-10
    let elsewhere = Server::plain(async |_| ()).await;
    for status in [301, 302, 303, 307, 308] {
        for location in
            [format!("{}/x", elsewhere.http()), "/x".into(), format!("//{}/x", elsewhere.address())]
        {
            let answer =
                format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let server = answering(answer).await;
            let response =
                HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["location"], location);
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_compressed_answer_is_not_decompressed() {
    // F28, C-14
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n".to_vec();
    answer.extend_from_slice(gzip);
    let server = answering(answer).await;
    let response = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.body(), &gzip[..]);
}

#[tokio::test]
async fn every_status_is_an_answer() {
    // F15 (417), F29
    for status in [
        200, 201, 202, 206, 299, 300, 400, 401, 403, 404, 407, 409, 417, 418, 429, 500, 502, 503, 520, 599,
        600, 999,
    ] {
        let server = answering(format!("HTTP/1.1 {status} \r\ncontent-length: 2\r\n\r\nok")).await;
        let response = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.body(), "ok");
    }
}

#[tokio::test]
async fn an_answer_may_be_chunked_or_end_with_the_connection() {
    // F27: where there are chunks, a length counts for nothing (RFC 9112, section 6.3).
    for answer in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nsk-\r\n5\r\nor-v1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8;a=b\r\nsk-or-v1\r\n0\r\nx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n8\r\nsk-or-v1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nsk-or-v1",
        "HTTP/1.0 200 OK\r\n\r\nsk-or-v1",
        "HTTP/1.1 200\r\ncontent-length: 8\r\n\r\nsk-or-v1",
    ] {
        let server = answering(answer).await;
        let response = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), "sk-or-v1", "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_whole() {
    // F24
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        for byte in GRANT {
            peer.send(&[*byte]).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let response = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
    assert_eq!(response.body(), KEY);
}

#[tokio::test]
async fn a_few_answers_before_the_answer_are_passed_over() {
    // F15, F26. Nobody asked for the 100, so none is waited for.
    for (interim, count) in
        [("100 Continue", 1), ("100 Continue", 2), ("102 Processing", 1), ("103 Early Hints", 100)]
    {
        let mut answer = format!("HTTP/1.1 {interim}\r\n\r\n").repeat(count).into_bytes();
        answer.extend_from_slice(GRANT);
        let server = answering(answer).await;
        let response = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.status(), 200, "{interim}");
        assert_eq!(response.body(), KEY, "{interim}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    // F27, F29
    for answer in [
        "garbage\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "<html>an answer of HTTP/0.9</html>",
        "\x16\x03\x01\x00\x05hello",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab!!0\r\n\r\n",
    ] {
        let server = answering(answer).await;
        let sent = HyperTransport::new().send(exchange(&server.http()), Limits::default()).await;
        let error = sent.expect_err(answer);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer:?}: {error:?}");
        assert!(error.may_have_been_sent(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_length_that_is_too_small_ends_the_answer_there() {
    // F27: the rest is nobody's, and the connection is not used again.
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nsk-or-v1").await;
        peer.closed().await;
    })
    .await;
    let transport = HyperTransport::new();
    for connections in 1..=3 {
        let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), "sk-");
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_request_is_not_taken_for_another() {
    // F37. The client may see it before it writes, and then nothing is sent; or after, and then it is the answer.
    for _ in 0..100 {
        let server = Server::plain(|mut peer: Peer| async move {
            peer.send(GRANT).await;
            peer.request().await;
            peer.closed().await;
        })
        .await;
        let transport = HyperTransport::new();
        match transport.send(exchange(&server.http()), Limits::default()).await {
            Ok(response) => assert_eq!(response.body(), KEY),
            Err(error) if error.may_have_been_sent() => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
            }
            Err(_) => assert_eq!(server.requests(), [""; 0]),
        }
        assert_eq!(server.connections(), 1);
    }
}
