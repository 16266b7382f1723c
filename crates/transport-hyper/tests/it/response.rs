//! Tests of responses.

use std::{io::Read as _, sync::mpsc, time::Duration};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::server::{GRANT, KEY, RunScript, Scheme, ScriptedServer, close_connection, exchange, serving};

/// Starts a server that responds to each request with these bytes, then closes the connection.
fn responding(raw: &'static str) -> ScriptedServer {
    serving(move |connection| {
        connection.send(raw.as_bytes())?;
        close_connection()
    })
}

#[tokio::test]
async fn response_can_be_chunked_or_end_at_close() {
    // F27: `Transfer-Encoding: chunked` overrides `Content-Length` (RFC 9112, section 6.3).
    for raw in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8;a=b\r\nsk-or-v1\r\n0\r\nx: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n8\r\nsk-or-v1\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nsk-or-v1",
        "HTTP/1.1 200\r\ncontent-length: 8\r\n\r\nsk-or-v1",
    ] {
        let server = responding(raw);
        let response =
            HyperTransport::new().send(exchange(server.origin()), Limits::default()).await.unwrap();
        assert_eq!(response.body(), "sk-or-v1", "{raw:?}");
    }
}

#[tokio::test]
async fn malformed_response_is_a_protocol_error() {
    // F27, F29
    for raw in [
        "garbage\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "<html>a response of HTTP/0.9</html>",
        "\x16\x03\x01\x00\x05hello",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab!!0\r\n\r\n",
    ] {
        let server = responding(raw);
        let sent = HyperTransport::new().send(exchange(server.origin()), Limits::default()).await;
        let error = sent.expect_err(raw);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{raw:?}: {error:?}");
        assert!(error.may_have_been_sent(), "{raw:?}");
    }
}

#[tokio::test]
async fn early_response_is_not_given_to_another_request() {
    // F37. If the client sees the response before it writes, it sends nothing. Otherwise, this is its response.
    for _ in 0..100 {
        let (report, sent) = mpsc::channel();
        let server = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, move |connection, _| {
            connection.send(GRANT)?;
            let mut request = Vec::new();
            let ended = connection.read_to_end(&mut request);
            // The test reads this only if the error is marked `not_sent`.
            let _over = report.send(request.len());
            ended.map(drop)
        })
        .unwrap();
        let transport = HyperTransport::new();
        match transport.send(exchange(server.origin()), Limits::default()).await {
            Ok(response) => assert_eq!(response.body(), KEY),
            Err(error) if error.may_have_been_sent() => {
                assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Protocol), "{error:?}");
            }
            Err(_) => assert_eq!(sent.recv_timeout(Duration::from_secs(20)), Ok(0)),
        }
        assert_eq!(server.connections().unwrap(), 1);
    }
}
