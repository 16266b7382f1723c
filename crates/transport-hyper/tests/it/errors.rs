//! Tests of failed connections.

use std::error::Error as _;

use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::server::exchange;

fn assert_not_connected(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.may_have_been_sent(), "{error:?}");
    assert!(error.source().is_some());
}

/// Returns the URL of a listener that accepts no connections, and everything that keeps it so.
///
/// When a listener's queue is full, Linux drops connection attempts, and the client keeps retrying.
#[cfg(target_os = "linux")]
async fn full_listener() -> (String, impl Sized) {
    use std::time::Duration;

    use tokio::{net::TcpStream, time::timeout};

    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(queued) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        queue.push(queued.unwrap());
    }
    (format!("http://{address}"), (listener, queue))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connect_timeout_ends_a_pending_connection() {
    // F2, C-12
    let (url, _full) = full_listener().await;
    let timeout = std::time::Duration::from_millis(100);
    let transport = HyperTransport::builder().connect_timeout(timeout).build().unwrap();
    let sent = transport.send(exchange(&url), Limits::default()).await;
    assert_not_connected(&sent.unwrap_err());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn deadline_while_connecting_proves_that_nothing_was_sent() {
    // A15
    let (url, _full) = full_listener().await;
    let limits = Limits::default().timeout(Some(std::time::Duration::from_millis(100)));
    let without_body = http::Request::get(&url).body("".into()).unwrap();
    for request in [exchange(&url), without_body] {
        let error = HyperTransport::new().send(request, limits).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        assert!(!error.may_have_been_sent(), "{error:?}");
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
#[tokio::test]
async fn unknown_name_is_a_connect_error() {
    // F1. With the system's resolver (RFC 6761, section 6.4). `resolver.rs` has the other cases.
    let sent = HyperTransport::builder()
        .add_root_certificates_der(&crate::tls::certificate("localhost").cert.der().clone())
        .build()
        .unwrap()
        .send(exchange("https://openrouter.invalid"), Limits::default())
        .await;
    assert_not_connected(&sent.unwrap_err());
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
#[tokio::test]
async fn missing_tls_error_names_the_feature_to_enable() {
    let sent = HyperTransport::new().send(exchange("https://localhost:1"), Limits::default()).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(!error.may_have_been_sent());
    assert!(error.source().unwrap().to_string().contains("`ring`"));
}
