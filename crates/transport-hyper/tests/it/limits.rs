//! Tests of limits.

use std::time::Duration;

use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::server::{ScriptedServer, close_connection, exchange, responding, serving};

const DEADLINE: Duration = Duration::from_millis(100);

/// Starts a server that responds with `first`, then with `more` until the client disconnects.
fn flooding(first: &'static str, more: String) -> ScriptedServer {
    serving(move |connection| {
        connection.send(first.as_bytes())?;
        loop {
            connection.send(more.as_bytes())?;
        }
    })
}

async fn length_of_body(server: &ScriptedServer, most: usize) -> Result<usize, Error> {
    let limits = Limits::default().response_bytes(most);
    let sent = HyperTransport::new().send(exchange(server.origin()), limits).await;
    sent.map(|response| response.body().len())
}

fn assert_too_large<T: std::fmt::Debug>(sent: Result<T, Error>) {
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    assert!(error.may_have_been_sent());
}

#[tokio::test]
async fn oversized_length_fails_at_once() {
    // F27
    for length in ["65537", "9223372036854775808"] {
        let server = responding(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes());
        assert_too_large(length_of_body(&server, 64 * 1024).await);
    }
}

#[tokio::test]
async fn claimed_length_allocates_no_memory() {
    // C-27: without a limit, the transport allocates memory only for bytes that arrive.
    let server = serving(|connection| {
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4611686018427387904\r\n\r\nx")?;
        close_connection()
    });
    let error = length_of_body(&server, usize::MAX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn endless_head_is_too_large() {
    // F25, C-13
    for (first, more) in [
        ("HTTP/1.1 200 OK\r\nx: ", "x".repeat(1_000)),
        ("HTTP/1.1 200 OK\r\n", format!("x: {}\r\n", "x".repeat(1_000))),
        ("HTTP/1.1 200 ", "x".repeat(1_000)),
    ] {
        let server = flooding(first, more);
        assert_too_large(length_of_body(&server, 64 * 1024).await);
    }
}

#[tokio::test]
async fn chunk_extensions_and_trailers_are_bounded() {
    // F27: extensions and trailers of 1 MiB. Hyper accepts 16 KiB, and treats more as malformed.
    let mib = "x".repeat(1 << 20);
    for response in [format!("1;{mib}\r\n{{\r\n0\r\n\r\n"), format!("1\r\n{{\r\n0\r\nx: {mib}\r\n\r\n")] {
        let response = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{response}");
        let server = responding(response.into_bytes());
        let error = length_of_body(&server, 64 * 1024).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
        assert!(error.may_have_been_sent());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn head_is_limited_to_64_kib_and_100_headers() {
    // F25, C-13
    let head =
        |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\n{{}}").into_bytes();

    // Hyper checks the limit between two reads, so it may accept slightly more.
    let server = responding(head(&format!("x: {}\r\n", "x".repeat(60 * 1024))));
    assert_eq!(length_of_body(&server, 2).await.unwrap(), 2);
    let server = responding(head(&format!("x: {}\r\n", "x".repeat(128 * 1024))));
    assert_too_large(length_of_body(&server, 2).await);

    let server = responding(head(&"x: y\r\n".repeat(99)));
    assert_eq!(length_of_body(&server, 2).await.unwrap(), 2);
    let server = responding(head(&"x: y\r\n".repeat(100)));
    assert_too_large(length_of_body(&server, 2).await);
}

#[tokio::test]
async fn endless_1xx_responses_end_at_the_deadline() {
    // F26, C-12, A13: the connection always has bytes to read, and shares the only thread of this runtime with the
    // timer.
    let server = flooding("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100));
    let limits = Limits::default().timeout(Some(DEADLINE));
    let error = HyperTransport::new().send(exchange(server.origin()), limits).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(error.may_have_been_sent());
}

#[tokio::test]
async fn unrepresentable_deadline_never_passes() {
    let server = responding(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let limits = Limits::default().timeout(Some(Duration::MAX));
    let response = HyperTransport::new().send(exchange(server.origin()), limits).await.unwrap();
    assert_eq!(response.status(), 200);
}
