//! Tests of allowed URLs.

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::{HyperTransport, TokioTimer};

use crate::server::{KEY, exchange, granting};

#[tokio::test]
async fn plain_text_to_another_machine_opens_no_socket() {
    // C-9. A server listens on the port, so the test would notice a connection to this machine.
    let server = granting();
    let port = server.address().port();
    for host in [
        "openrouter.ai",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "0.0.0.0",
        "127.1",
        "[::ffff:127.0.0.1]",
    ] {
        let request = exchange(&format!("http://{host}:{port}"));
        let error = HyperTransport::new().send(request, Limits::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "{host}");
        assert!(!error.may_have_been_sent(), "{host}");
    }
    assert_eq!(server.connections().unwrap(), 0);
}

#[tokio::test]
async fn other_schemes_are_rejected() {
    for origin in ["ftp://127.0.0.1", "ws://127.0.0.1", "httpss://openrouter.ai"] {
        let error = HyperTransport::new().send(exchange(origin), Limits::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "{origin}");
        assert!(!error.may_have_been_sent(), "{origin}");
    }
}

#[tokio::test]
async fn localhost_is_reached_without_a_lookup() {
    let server = granting();
    let origin = format!("http://LocalHost:{}", server.address().port());
    let response = HyperTransport::new().send(exchange(&origin), Limits::default()).await.unwrap();
    assert_eq!(response.body(), KEY);
}

#[tokio::test]
async fn credentials_in_a_url_are_not_sent() {
    // C-15
    let server = granting();
    let url = format!("http://user:password@{}/", server.address());
    let request = http::Request::get(url).body("".into()).unwrap();
    HyperTransport::new().send(request, Limits::default()).await.unwrap();
    let [received] = &server.requests()[..] else { panic!("expected one request") };
    let host = ("host".to_owned(), server.address().to_string().into_bytes());
    assert_eq!((&*received.line, &received.headers[..]), ("GET / HTTP/1.1", &[host][..]));
}

#[test]
fn public_types_are_send_and_sync() {
    fn check<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    check::<HyperTransport>();
    check::<TokioTimer>();
}
