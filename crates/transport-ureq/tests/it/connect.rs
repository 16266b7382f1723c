//! Tests of failed connections.

#[cfg(target_os = "linux")]
use std::{
    io::{self, Read as _, Write as _},
    net::TcpListener,
    time::Instant,
};
use std::{thread, time::Duration};

use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_ureq::{Builder, UreqTransport};

use crate::{
    failure::assert_not_sent,
    origin::Origin,
    proxy::forwarding_proxy,
    send,
    server::{GRANT, KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection, exchange},
};

#[test]
fn unknown_name_is_a_connect_error() {
    // F1 (RFC 6761, section 6.4)
    for timeout in [None, Some(Duration::from_secs(20))] {
        let limits = Limits::default().timeout(timeout);
        let sent = send(&Origin::new().transport(), exchange("https://openrouter.invalid"), limits);
        assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Connect, "unknown");
    }
}

/// Returns the URL of a listener that accepts no connections, and everything that keeps it so.
///
/// When a listener's queue is full, Linux drops connection attempts, and the client keeps retrying.
#[cfg(target_os = "linux")]
fn full_listener() -> (String, impl Sized) {
    use std::net::TcpStream;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(queued) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(queued);
        assert!(queue.len() < 5_000, "the queue has no end");
    }
    (format!("http://{address}"), (listener, queue))
}

#[cfg(target_os = "linux")]
#[test]
fn deadline_while_connecting_proves_that_nothing_was_sent() {
    // A15, F2, C-12
    let (url, _full) = full_listener();
    let limits = Limits::default().timeout(Some(Duration::from_millis(100)));
    let transport = UreqTransport::new();
    let sent = send(&transport, exchange(&url), limits);
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(!error.may_have_been_sent(), "{error:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn next_address_gets_a_share_of_the_limit() {
    use std::net::{Ipv6Addr, SocketAddr};

    let (url, _full) = full_listener();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let Ok(listener) = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))) else {
        // Not `eprintln!`, because the test harness hides its output if the test passes.
        io::stderr().write_all(b"skipped: needs IPv6 (next_address_gets_a_share_of_the_limit)\n").unwrap();
        return;
    };
    let accepting = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let (mut received, mut buffer) = (Vec::new(), [0; 1024]);
        while !received.ends_with(b"}") {
            let count = peer.read(&mut buffer).unwrap();
            assert!(count > 0, "the client closed the connection");
            received.extend(&buffer[..count]);
        }
        peer.write_all(GRANT).unwrap();
    });
    let url = format!("http://localhost:{port}");
    let transport = UreqTransport::new();
    // It shortens the limit.
    let limits = Limits::default().timeout(Some(Duration::from_secs(3)));
    assert_eq!(send(&transport, exchange(&url), limits).unwrap().body(), KEY);
    accepting.join().unwrap();
}

#[test]
fn limit_for_connecting_ends_only_connecting() {
    let origin = Origin::new();
    let slow = |connection: &mut ScriptedConnection, _| {
        thread::sleep(Duration::from_millis(10_500));
        connection.send(GRANT)
    };
    let server = ScriptedServer::start(&origin.scheme, RunScript::AfterRequest, slow).unwrap();
    let proxy = forwarding_proxy();
    let succeeds = |builder: Builder| {
        let sent = send(&builder.build().unwrap(), exchange(server.origin()), Limits::default());
        assert_eq!(sent.unwrap().body(), KEY);
    };
    #[cfg(target_os = "linux")]
    let (url, _full) = full_listener();
    #[cfg(target_os = "linux")]
    let fails = |limits| {
        let started = Instant::now();
        let sent = send(&UreqTransport::new(), exchange(&url), limits);
        // Like the transport on hyper, so that the SDK retries.
        assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Connect, "full queue");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    };
    // All take as long as the limit.
    thread::scope(|scope| {
        scope.spawn(|| succeeds(origin.builder()));
        // This connection is one to the proxy.
        scope.spawn(|| succeeds(origin.builder().proxy(proxy.origin())));
        #[cfg(target_os = "linux")]
        scope.spawn(|| fails(Limits::default()));
        #[cfg(target_os = "linux")]
        scope.spawn(|| fails(Limits::default().timeout(None)));
    });
}

#[test]
fn connection_that_closes_at_once_may_have_been_sent() {
    let close = |_: &mut ScriptedConnection, _| close_connection();
    let server = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, close).unwrap();
    let error = send(&UreqTransport::new(), exchange(server.origin()), Limits::default()).unwrap_err();
    assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Io, true), "{error:?}");
    assert_eq!(server.connections().unwrap(), 1);
}

#[test]
fn passed_deadline_sends_nothing() {
    let origin = Origin::new();
    let limits = Limits::default().timeout(Some(Duration::ZERO));
    let error = send(&origin.transport(), exchange(origin.server.origin()), limits).unwrap_err();
    assert!(error.kind() == ErrorKind::Timeout && !error.may_have_been_sent(), "{error:?}");
    assert_eq!(origin.server.connections().unwrap(), 0);
    // The clock cannot represent the end of this one.
    let limits = Limits::default().timeout(Some(Duration::MAX));
    assert!(send(&origin.transport(), exchange(origin.server.origin()), limits).is_ok());
}
