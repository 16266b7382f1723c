//! Through an HTTP proxy, by `CONNECT`. Nothing that a proxy does counts as sent.

use std::{
    error::Error as _,
    fmt::Write,
    future::pending,
    net::SocketAddr,
    time::{Duration, Instant},
};

use openrouter_oauth_transport::{Error, ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::{Builder, HyperTransport};
use rcgen::{CertifiedIssuer, KeyPair};
use tokio::net::TcpSocket;

use crate::{
    GRANT, KEY, exchange,
    server::{Peer, Server},
    tls::{issuer, signed_by},
};

/// An origin under TLS and whoever vouches for it.
pub(crate) struct Origin {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) server: Server,
}

impl Origin {
    pub(crate) async fn new() -> Self {
        let issuer = issuer();
        let server = Server::tls(&signed_by(&issuer, (2020, 2100)), |mut peer: Peer| async move {
            while peer.request().await {
                peer.send(GRANT).await;
            }
        })
        .await;
        Self { issuer, server }
    }

    pub(crate) fn builder(&self) -> Builder {
        HyperTransport::builder().add_root_certificates_der(self.issuer.der())
    }

    /// Sends by this proxy.
    pub(crate) async fn send_by(&self, proxy: &str) -> Result<bytes::Bytes, Error> {
        self.send(self.builder().proxy(proxy)).await
    }

    pub(crate) async fn send(&self, builder: Builder) -> Result<bytes::Bytes, Error> {
        let sent = builder.build().unwrap().send(exchange(&self.server.https()), Limits::default()).await;
        sent.map(http::Response::into_body)
    }
}

/// A proxy that answers `CONNECT` with these bytes, and closes when the client does.
async fn answering(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    Server::plain(move |mut peer: Peer| {
        let answer = answer.clone();
        async move {
            peer.request().await;
            peer.send(&answer).await;
            peer.closed().await;
        }
    })
    .await
}

/// The script of a proxy that leads to `origin`.
async fn tunnel(mut peer: Peer, origin: SocketAddr) {
    peer.request().await;
    peer.send(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n").await;
    peer.relay(origin).await;
}

pub(crate) fn assert_not_sent(sent: Result<bytes::Bytes, Error>, kind: ErrorKind, what: &str) {
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    assert!(!error.may_have_been_sent(), "{what}");
    assert!(error.source().is_some(), "{what}");
}

/// All that an error says: its own words and those of its causes.
pub(crate) fn said(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(said, ": {error}").unwrap();
        cause = error.source();
    }
    said
}

#[tokio::test]
async fn a_tunnel_is_asked_for_and_the_credentials_go_no_further() {
    // C-17
    let origin = Origin::new().await;
    let address = origin.server.address();
    let proxy = Server::plain(move |peer| tunnel(peer, address)).await;
    let url = format!("http://us3r:p%40ss@{}", proxy.address());
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);

    let port = address.port();
    assert_eq!(
        proxy.requests(),
        [format!(
            "CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\n\
             Proxy-Authorization: Basic dXMzcjpwQHNz\r\n\r\n"
        )]
    );
    let [request] = &origin.server.requests()[..] else { panic!("not one request") };
    let request = request.to_ascii_lowercase();
    assert!(request.starts_with("post /api/v1/auth/keys http/1.1\r\n"), "{request}");
    assert!(!request.contains("proxy"), "{request}");
    assert!(!request.contains("dxmzcjpwqhnz"), "{request}");
}

#[tokio::test]
async fn a_tunnel_is_kept_and_used_again() {
    let origin = Origin::new().await;
    let address = origin.server.address();
    let proxy = Server::plain(move |peer| tunnel(peer, address)).await;
    let transport = origin.builder().proxy(&proxy.http()).build().unwrap();
    for _ in 0..5 {
        let sent = transport.send(exchange(&origin.server.https()), Limits::default()).await;
        assert_eq!(sent.unwrap().body(), KEY);
    }
    assert_eq!(proxy.connections(), 1);
    assert!(!proxy.requests()[0].contains("Authorization"));
}

#[tokio::test]
async fn a_proxy_may_be_spoken_to_by_tls() {
    let origin = Origin::new().await;
    let address = origin.server.address();
    let script = move |peer| tunnel(peer, address);
    let proxy = Server::tls(&signed_by(&origin.issuer, (2020, 2100)), script).await;
    let url = proxy.https().replace("//", "//user:pass@");
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);
    assert!(proxy.requests()[0].contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"));

    let untrusted = Server::tls(&signed_by(&issuer(), (2020, 2100)), script).await;
    assert_not_sent(origin.send_by(&untrusted.https()).await, ErrorKind::Tls, "untrusted");
    assert_eq!(untrusted.requests(), [""; 0]);
}

#[tokio::test]
async fn a_refusal_is_told_from_a_want_of_credentials() {
    // F5, C-17
    let origin = Origin::new().await;
    let html = "content-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>";
    for (status, kind) in [
        ("407 Proxy Authentication Required", ErrorKind::ProxyAuth),
        ("403 Forbidden", ErrorKind::Proxy),
        ("502 Bad Gateway", ErrorKind::Proxy),
        ("503 Service Unavailable", ErrorKind::Proxy),
        ("504 Gateway Timeout", ErrorKind::Proxy),
        ("302 Found", ErrorKind::Proxy),
        ("101 Switching Protocols", ErrorKind::Proxy),
    ] {
        let proxy = answering(format!("HTTP/1.1 {status}\r\n{html}")).await;
        assert_not_sent(origin.send_by(&proxy.http()).await, kind, status);
        assert_eq!(proxy.connections(), 1, "{status}");
    }
    assert_eq!(origin.server.connections(), 0);
}

#[tokio::test]
async fn the_causes_of_an_error_say_what_the_proxy_did() {
    let origin = Origin::new().await;
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(20_000));
    for (answer, cause) in [
        ("HTTP/1.1 407 x\r\n\r\n", "the proxy did not accept the credentials, or there were none"),
        ("HTTP/1.1 502 x\r\n\r\n", "the proxy answered with status 502"),
        ("SSH-2.0-x\r\n\r\n", "the proxy's answer makes no sense"),
        (&endless, "the proxy's answer is too large"),
    ] {
        let proxy = answering(answer).await;
        let said = said(&origin.send_by(&proxy.http()).await.unwrap_err());
        assert!(said.ends_with(&format!(": {cause}")), "{said}");
    }
    let proxy = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.close().await;
    })
    .await;
    let said = said(&origin.send_by(&proxy.http()).await.unwrap_err());
    // And how.
    assert!(said.contains(": the connection to the proxy broke: "), "{said}");
}

#[tokio::test]
async fn an_answer_without_end_ends() {
    // F5, C-13
    let origin = Origin::new().await;
    for line in [format!("x: {}\r\n", "y".repeat(1_000)), "y".repeat(1_000)] {
        let proxy = answering(format!("HTTP/1.1 200 OK\r\n{}", line.repeat(1_000))).await;
        assert_not_sent(origin.send_by(&proxy.http()).await, ErrorKind::Proxy, "1 MiB");
    }
}

#[tokio::test]
async fn a_silent_proxy_is_not_waited_for() {
    // F5, C-12
    let origin = Origin::new().await;
    for answer in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let proxy = Server::plain(move |mut peer: Peer| async move {
            peer.request().await;
            peer.send(answer.as_bytes()).await;
            pending::<()>().await;
        })
        .await;
        let start = Instant::now();
        let builder = origin.builder().proxy(&proxy.http()).connect_timeout(Duration::from_millis(100));
        assert_not_sent(origin.send(builder).await, ErrorKind::Connect, answer);
        // The default is 3.1 s.
        assert!(start.elapsed() < Duration::from_secs(3), "{answer}");
    }
}

#[tokio::test]
async fn a_proxy_that_breaks_at_any_byte_sent_nothing() {
    // F5
    let origin = Origin::new().await;
    let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
    for reset in [false, true] {
        for offset in 0..=answer.len() {
            let proxy = Server::plain(move |mut peer: Peer| async move {
                peer.request().await;
                peer.send(&answer[..offset]).await;
                if reset { peer.reset() } else { peer.close().await }
            })
            .await;
            // With the answer whole, it is the handshake that breaks, unless the reset overtakes the answer.
            let error = origin.send_by(&proxy.http()).await.unwrap_err();
            let whole = offset == answer.len();
            assert!(
                error.kind() == ErrorKind::Proxy && (!whole || reset)
                    || error.kind() == ErrorKind::Connect && whole,
                "{reset} after {offset}: {error:?}"
            );
            assert!(!error.may_have_been_sent(), "{reset} after {offset}");
            assert_eq!(proxy.connections(), 1, "{reset} after {offset}");
        }
    }
    assert_eq!(origin.server.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_answers_in_the_place_of_the_host_is_not_believed() {
    // F5
    let origin = Origin::new().await;
    let answers: [(Vec<u8>, _); 2] = [
        ([b"HTTP/1.1 200 OK\r\n\r\n", GRANT].concat(), ErrorKind::Proxy),
        (b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), ErrorKind::Tls),
    ];
    for (answer, kind) in answers {
        let proxy = Server::plain(move |mut peer: Peer| {
            let answer = answer.clone();
            async move {
                peer.request().await;
                peer.send(&answer).await;
                peer.discard(100).await;
                peer.send(GRANT).await;
                peer.closed().await;
            }
        })
        .await;
        assert_not_sent(origin.send_by(&proxy.http()).await, kind, "not the host");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_an_error_of_the_proxy() {
    // F5
    let origin = Origin::new().await;
    // The port is ours, and nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let sent = origin.send_by(&format!("{scheme}://{address}")).await;
        assert_not_sent(sent, ErrorKind::Proxy, scheme);
    }
    assert_eq!(origin.server.connections(), 0);
}

#[tokio::test]
async fn plain_text_to_this_machine_never_goes_through_a_proxy() {
    let proxy = answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let server = Server::plain(|mut peer: Peer| async move {
        peer.request().await;
        peer.send(GRANT).await;
    })
    .await;
    let transport = HyperTransport::builder().proxy(&proxy.http()).build().unwrap();
    let response = transport.send(exchange(&server.http()), Limits::default()).await.unwrap();
    assert_eq!(response.body(), KEY);
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn the_last_word_on_proxies_counts() {
    let origin = Origin::new().await;
    let proxy = answering("HTTP/1.1 407 x\r\n\r\n").await;
    let builder = origin.builder().proxy(&proxy.http()).no_proxy();
    assert_eq!(origin.send(builder).await.unwrap(), KEY);
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn credentials_are_in_no_error_and_no_debug_output() {
    // F5, C-17, S-1
    let origin = Origin::new().await;
    let proxy = answering("HTTP/1.1 407 x\r\n\r\n").await;
    let mut printed = String::new();
    for scheme in ["http", "https", "socks5", "socks4"] {
        let builder =
            origin.builder().proxy(&format!("{scheme}://us3r:s3cret@127.0.0.1:{}", proxy.address().port()));
        write!(printed, "{builder:?}").unwrap();
        let builder = builder.connect_timeout(Duration::from_millis(100));
        match builder.build() {
            Ok(transport) => {
                write!(printed, "{transport:?}").unwrap();
                let sent = transport.send(exchange(&origin.server.https()), Limits::default()).await;
                write!(printed, "{:?}", sent.unwrap_err()).unwrap();
            }
            Err(error) => {
                assert_eq!(error.to_string(), "the URL of the proxy cannot be used");
                write!(printed, "{error:?} {}", error.source().unwrap()).unwrap();
            }
        }
    }
    for secret in ["us3r", "s3cret", "dXMzcjpzM2NyZXQ"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
