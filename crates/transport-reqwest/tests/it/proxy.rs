//! Tests of proxies. Whatever a proxy does, the request counts as not sent.

use std::net::{SocketAddr, TcpStream};

use openrouter_oauth_transport::ErrorKind;
use openrouter_oauth_transport_contract::ClosedPort;
use openrouter_oauth_transport_reqwest::ReqwestTransport;
use reqwest::Proxy;

use crate::{
    client_builder,
    failure::{assert_not_sent, error_chain},
    send,
    server::{GRANT, KEY, ScriptedServer, close_connection, granting, responding, serving},
    tls::{https, issuer, trusting},
    transport,
};

/// A server with its own root certificate.
pub(crate) struct Origin {
    pub(crate) server: ScriptedServer,
    root: rcgen::Certificate,
}

impl Origin {
    pub(crate) fn new() -> Self {
        let issuer = issuer();
        let server = ScriptedServer::responding(&https(&issuer, &[]), GRANT).unwrap();
        let root: &rcgen::Certificate = issuer.as_ref();
        Self { server, root: root.clone() }
    }

    /// Creates a transport that connects through this proxy.
    pub(crate) fn via(&self, proxy: &str) -> ReqwestTransport {
        transport(trusting(&self.root).proxy(Proxy::all(proxy).unwrap()))
    }
}

#[tokio::test]
async fn proxy_credentials_stay_with_the_proxy() {
    // C-17
    let origin = Origin::new();
    let proxy = tunnel(origin.server.address());
    let transport = origin.via(&format!("http://us3r:p%40ss@{}", proxy.address()));
    assert_eq!(send(&transport, origin.server.origin()).await.unwrap(), KEY);

    let [connect] = &proxy.requests()[..] else { panic!("expected one request") };
    let host = format!("localhost:{}", origin.server.address().port());
    assert_eq!(connect.line, format!("CONNECT {host} HTTP/1.1"));
    assert_eq!(connect.values("proxy-authorization"), [b"Basic dXMzcjpwQHNz"]);
    let [request] = &origin.server.requests()[..] else { panic!("expected one request") };
    let names: Vec<_> = request.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["content-type", "accept", "host", "content-length"]);
}

#[tokio::test]
async fn each_failure_of_a_proxy_has_its_kind() {
    // F5, C-17
    let origin = Origin::new();
    let closed = ClosedPort::new().unwrap();
    let refused = send(&origin.via(&closed.origin()), origin.server.origin()).await;
    assert_not_sent(refused, ErrorKind::Proxy, "unreachable");
    for (status, kind) in [
        ("407 Proxy Authentication Required", ErrorKind::ProxyAuth),
        ("407 x\r\nproxy-authenticate: Negotiate", ErrorKind::ProxyAuth),
        ("403 Forbidden", ErrorKind::Proxy),
        ("502 Bad Gateway", ErrorKind::Proxy),
        ("302 Found", ErrorKind::Proxy),
    ] {
        let proxy = responding(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
        let result = send(&origin.via(proxy.origin()), origin.server.origin()).await;
        assert_not_sent(result, kind, status);
        assert_eq!(proxy.connections().unwrap(), 1, "{status}");
    }
    for (what, proxy) in [
        ("closed", serving(|_| close_connection())),
        ("malformed", responding("SSH-2.0-x\r\n\r\n")),
        ("too large", responding(format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(20_000)))),
    ] {
        let result = send(&origin.via(proxy.origin()), origin.server.origin()).await;
        assert_not_sent(result, ErrorKind::Proxy, what);
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn untrusted_origin_behind_a_proxy_is_a_tls_error() {
    let (origin, other) = (Origin::new(), Origin::new());
    let proxy = tunnel(origin.server.address());
    let result = send(&other.via(proxy.origin()), origin.server.origin()).await;
    assert_not_sent(result, ErrorKind::Tls, "untrusted");
    assert!(origin.server.requests().is_empty());
}

#[tokio::test]
async fn errors_contain_no_proxy_credentials() {
    // C-17
    let origin = Origin::new();
    let proxy = responding("HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n");
    let transport = origin.via(&proxy.origin().replace("//", "//us3r:p4ss@"));
    let text = error_chain(&send(&transport, origin.server.origin()).await.unwrap_err());
    assert!(!text.contains("p4ss") && !text.contains("us3r"), "{text}");
}

#[tokio::test]
async fn plain_request_through_a_proxy_is_returned_as_is() {
    // The proxy responds itself. Its 407 is a response, which rule 3 of the contract returns.
    let proxy = responding("HTTP/1.1 407 x\r\ncontent-length: 2\r\n\r\nno");
    let builder = client_builder().proxy(Proxy::all(proxy.origin()).unwrap());
    assert_eq!(send(&transport(builder), granting().origin()).await.unwrap(), "no");
}

/// Starts a proxy that accepts every `CONNECT`, and connects to `origin` whatever the host.
fn tunnel(origin: SocketAddr) -> ScriptedServer {
    serving(move |connection| {
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        connection.relay(TcpStream::connect(origin)?)
    })
}
