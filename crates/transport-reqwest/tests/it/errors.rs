//! Tests of the kinds of errors, and of what they show.

use std::{net::Shutdown, time::Duration};

use http::{Method, Request, Version};
use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_contract::ClosedPort;
use tokio::{
    sync::mpsc,
    time::{Instant, advance},
};

use crate::{
    assert_maybe_sent,
    failure::{assert_not_sent, error_chain},
    own, send,
    server::{
        GRANT, KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection, exchange,
        responding, serving,
    },
};

#[tokio::test]
async fn failed_connection_is_a_connect_error() {
    // F1, F2
    let transport = own();
    let port = ClosedPort::new().unwrap();
    assert_not_sent(send(&transport, &port.origin()).await, ErrorKind::Connect, "refused");
    let version_6 = port.origin().replace("127.0.0.1", "[::1]");
    assert_not_sent(send(&transport, &version_6).await, ErrorKind::Connect, "refused over IPv6");
    let unknown = "http://unknown.invalid";
    assert_not_sent(send(&transport, unknown).await, ErrorKind::Connect, "unknown name");
}

#[tokio::test]
async fn connection_that_closes_at_once_may_have_been_sent() {
    let close = |_: &mut ScriptedConnection, _| close_connection();
    let server = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, close).unwrap();
    let transport = own();
    assert_maybe_sent(send(&transport, server.origin()).await, ErrorKind::Io, "closed");
    assert_eq!(server.connections().unwrap(), 1);
}

#[tokio::test]
async fn stale_connection_is_not_used() {
    let (closing, mut closed) = mpsc::unbounded_channel();
    let server = serving(move |connection| {
        connection.send(GRANT)?;
        connection.tcp().shutdown(Shutdown::Write)?;
        let ended = connection.wait_for_close();
        closing.send(()).unwrap();
        ended
    });
    let transport = own();
    assert_eq!(send(&transport, server.origin()).await.unwrap(), KEY);
    // reqwest has noticed that the server closed the connection.
    closed.recv().await.unwrap();
    assert_eq!(send(&transport, server.origin()).await.unwrap(), KEY);
    assert_eq!((server.connections().unwrap(), server.requests().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn timeout_begins_when_send_is_called() {
    // C-12
    let server = serving(ScriptedConnection::wait_for_close);
    let transport = own();
    let limits = Limits::default().timeout(Some(Duration::from_secs(9)));
    let request = || transport.send(exchange(server.origin()), limits);
    let (late, half) = (request(), request());
    advance(Duration::from_secs(5)).await;
    let start = Instant::now();
    assert_maybe_sent(half.await.map(http::Response::into_body), ErrorKind::Timeout, "half");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let connections = server.connections().unwrap();
    assert_not_sent(late.await.map(http::Response::into_body), ErrorKind::Timeout, "late");
    assert_eq!(server.connections().unwrap(), connections);
}

#[tokio::test]
async fn malformed_response_is_a_protocol_error() {
    // F29
    let transport = own();
    for response in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    ] {
        let server = responding(response);
        assert_maybe_sent(send(&transport, server.origin()).await, ErrorKind::Protocol, response);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn large_response_is_too_large() {
    let transport = own();
    let fields = "x: y\r\n".repeat(200);
    for (what, response) in [
        ("many headers", format!("HTTP/1.1 200 OK\r\n{fields}\r\n")),
        ("a long header", format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(600_000))),
        ("announced body", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".into()),
        ("large body", format!("HTTP/1.1 200 OK\r\n\r\n{}", "y".repeat(100_000))),
    ] {
        let server = responding(response);
        assert_maybe_sent(send(&transport, server.origin()).await, ErrorKind::TooLarge, what);
    }
}

#[tokio::test]
async fn lost_body_keeps_the_status() {
    let server = serving(|connection| {
        connection.send(b"HTTP/1.1 403 x\r\ncontent-length: 9\r\n\r\n{")?;
        close_connection()
    });
    let error = send(&own(), server.origin()).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Io, 403), "{error:?}");
}

#[tokio::test]
async fn rejected_url_is_not_sent() {
    let transport = own();
    let server = responding("");
    for url in [
        "ftp://localhost/api/v1/auth/keys".to_owned(),
        "/api/v1/auth/keys".into(),
        // reqwest would send `/api/v1/auth/keys`.
        format!("{}/api/./v1/auth/keys", server.origin()),
        format!("{}/api/v1/%2e%2e/auth/keys", server.origin()),
        // reqwest would connect to `127.0.0.1`.
        server.url("/").replace("127.0.0.1", "127.1"),
        server.url("/").replace("//", "//us3r:p4ss@"),
    ] {
        let request = Request::get(&url).body("".into()).unwrap();
        let result = transport.send(request, Limits::default()).await.map(http::Response::into_body);
        assert_not_sent(result, ErrorKind::Other, &url);
    }
    assert_eq!(server.connections().unwrap(), 0);
}

#[tokio::test]
async fn rejected_method_or_version_is_not_sent() {
    let transport = own();
    let server = responding("");
    let request = || Request::get(server.url("/"));
    for request in [
        request().method(Method::CONNECT),
        request().version(Version::HTTP_09),
        request().version(Version::HTTP_2),
    ] {
        let result = transport.send(request.body("".into()).unwrap(), Limits::default()).await;
        assert_not_sent(result.map(http::Response::into_body), ErrorKind::Other, "method or version");
    }
    assert_eq!(server.connections().unwrap(), 0);
}

#[tokio::test]
async fn errors_contain_no_url() {
    let transport = own();
    let closing = serving(|_| close_connection());
    let silent = serving(ScriptedConnection::wait_for_close);
    let cutting = serving(|connection| {
        connection.send(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{")?;
        close_connection()
    });
    let closed = ClosedPort::new().unwrap();
    let closed_origin = closed.origin();
    for (origin, kind) in [
        (closing.origin(), ErrorKind::Io),
        (cutting.origin(), ErrorKind::Io),
        (silent.origin(), ErrorKind::Timeout),
        (closed_origin.as_str(), ErrorKind::Connect),
        ("ftp://localhost", ErrorKind::Other),
    ] {
        let request = Request::get(format!("{origin}/?code=s3cret")).body("".into()).unwrap();
        let timeout = (kind == ErrorKind::Timeout).then_some(Duration::from_millis(500));
        let error = transport.send(request, Limits::default().timeout(timeout)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let text = error_chain(&error);
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn debug_output_shows_no_setting() {
    let transport = own();
    assert_eq!(format!("{transport:?}"), "ReqwestTransport { .. }");
}
