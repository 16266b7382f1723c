//! Tests of proxies. Whatever a proxy does, the request counts as not sent.

use std::{
    fmt::Write as _,
    io::Read as _,
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_contract::ClosedPort;
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    failure::{assert_not_sent, error_chain},
    origin::{Origin, certificate, https, issuer},
    send,
    server::{
        GRANT, KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection, exchange,
        granting, responding, serving,
    },
};

/// Starts a `CONNECT` proxy that connects to the requested port of this machine.
pub(crate) fn forwarding_proxy() -> ScriptedServer {
    forwarding_proxy_over(&Scheme::http(), "200 Connection established")
}

fn forwarding_proxy_over(scheme: &Scheme, status: &'static str) -> ScriptedServer {
    ScriptedServer::start(scheme, RunScript::AfterRequest, move |connection, number| {
        let line = connection.received(number).line.clone();
        let port = line.split([':', ' ']).nth(2).and_then(|port| port.parse::<u16>().ok()).unwrap();
        let Ok(to) = TcpStream::connect(("127.0.0.1", port)) else {
            return connection.send(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        };
        connection.send(format!("HTTP/1.1 {status}\r\nVia: 1.1 x\r\n\r\n").as_bytes())?;
        connection.relay(to)
    })
    .unwrap()
}

/// Starts a SOCKS5 proxy that requires these credentials, and connects to `origin` whatever the host.
fn socks_proxy(origin: SocketAddr) -> ScriptedServer {
    ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, move |connection, _| {
        let read = |connection: &mut ScriptedConnection, count: usize| {
            let mut bytes = vec![0; count];
            connection.read_exact(&mut bytes).map(|()| bytes)
        };
        let greeting = read(connection, 2)?;
        if !read(connection, usize::from(greeting[1]))?.contains(&2) {
            connection.send(&[5, 0xFF])?;
            return close_connection();
        }
        connection.send(&[5, 2])?;
        if read(connection, 13)? != b"\x01\x04us3r\x06s3cret" {
            connection.send(&[1, 1])?;
            return close_connection();
        }
        connection.send(&[1, 0])?;
        let head = read(connection, 4)?;
        let length = match head[3] {
            1 => 4,
            3 => usize::from(read(connection, 1)?[0]),
            _ => 16,
        };
        read(connection, length + 2)?;
        connection.send(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
        connection.relay(TcpStream::connect(origin)?)
    })
    .unwrap()
}

#[test]
fn proxy_credentials_stay_with_the_proxy() {
    // C-17
    let origin = Origin::new();
    let proxy = forwarding_proxy();
    let url = format!("http://us3r:p%40ss@{}", proxy.address());
    assert_eq!(origin.send_by(&url).unwrap(), KEY);

    let host = format!("localhost:{}", origin.server.address().port());
    let [connect] = &proxy.requests()[..] else { panic!("expected one request") };
    assert_eq!(connect.line, format!("CONNECT {host} HTTP/1.1"));
    let headers = [("host", &*host), ("proxy-authorization", "Basic dXMzcjpwQHNz")];
    assert_eq!(connect.headers, headers.map(|(name, value)| (name.to_owned(), value.into())));
    let [request] = &origin.server.requests()[..] else { panic!("expected one request") };
    assert_eq!(request.line, "POST /api/v1/auth/keys HTTP/1.1");
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "content-type", "host"]);
}

#[test]
fn every_2xx_status_opens_the_tunnel() {
    let origin = Origin::new();
    for status in ["200", "204 No Content", "299 x"] {
        let proxy = forwarding_proxy_over(&Scheme::http(), status);
        assert_eq!(origin.send_by(proxy.origin()).unwrap(), KEY, "{status}");
    }
}

#[test]
fn socks_proxies_forward_requests() {
    let origin = Origin::new();
    let proxy = socks_proxy(origin.server.address());
    for scheme in ["socks5", "socks5h"] {
        let with = |credentials: &str| format!("{scheme}://{credentials}@{}", proxy.address());
        assert_eq!(origin.send_by(&with("us3r:s3cret")).unwrap(), KEY);
        // Not `Proxy`, which would be retried until the account is locked.
        assert_not_sent(origin.send_by(&with("us3r:wrong!")), ErrorKind::ProxyAuth, scheme);
        let without = format!("{scheme}://{}", proxy.address());
        assert_not_sent(origin.send_by(&without), ErrorKind::ProxyAuth, "no credentials");
    }
    assert_eq!(origin.server.requests().len(), 2);
}

#[test]
fn proxy_can_be_reached_over_tls() {
    let origin = Origin::new();
    let proxy_of = |issuer| {
        let certified = certificate(issuer, &["localhost"], (2020, 2100));
        let scheme = https("localhost", &certified, rustls::DEFAULT_VERSIONS);
        forwarding_proxy_over(&scheme, "200 Connection established")
    };
    let proxy = proxy_of(&origin.issuer);
    let url = proxy.origin().replace("//", "//user:pass@");
    assert_eq!(origin.send_by(&url).unwrap(), KEY);
    assert_eq!(proxy.requests()[0].values("proxy-authorization"), [b"Basic dXNlcjpwYXNz"]);

    let untrusted = proxy_of(&issuer());
    assert_not_sent(origin.send_by(untrusted.origin()), ErrorKind::Tls, "untrusted");
    assert!(untrusted.requests().is_empty());
}

#[test]
fn rejection_differs_from_missing_credentials() {
    // F5, C-17
    let origin = Origin::new();
    for (status, kind) in [
        ("407 Proxy Authentication Required", ErrorKind::ProxyAuth),
        ("407 x\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=x", ErrorKind::ProxyAuth),
        ("407 x\r\nproxy-authenticate: Negotiate, NTLM", ErrorKind::ProxyAuthUnsupported),
        ("403 Forbidden", ErrorKind::Proxy),
        ("502 Bad Gateway", ErrorKind::Proxy),
        ("503 407/407", ErrorKind::Proxy),
        ("302 Found", ErrorKind::Proxy),
        ("101 Switching Protocols", ErrorKind::Proxy),
    ] {
        let proxy = responding(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"));
        let sent = origin.send_by(proxy.origin());
        let causes = error_chain(sent.as_ref().unwrap_err());
        let named = format!(": the connection through the proxy {} failed: ", proxy.address());
        assert!(causes.contains(&named), "{causes}");
        assert_not_sent(sent, kind, status);
        assert_eq!(proxy.connections().unwrap(), 1, "{status}");
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[test]
fn malformed_or_endless_proxy_response_is_an_error() {
    // F5, C-13
    let origin = Origin::new();
    let (header, line) = (format!("x: {}\r\n", "y".repeat(1_000)), "y".repeat(1_000));
    for response in [
        "SSH-2.0-x\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{}", header.repeat(1_000)),
        format!("HTTP/1.1 200 OK\r\n{}", line.repeat(1_000)),
    ] {
        let proxy = responding(&*response);
        assert_not_sent(origin.send_by(proxy.origin()), ErrorKind::Proxy, "malformed");
    }
}

/// How long a proxy keeps sending parts of its response, if the client does not close the connection.
const TRICKLE: Duration = Duration::from_secs(30);

/// Sends a request through a proxy that never opens the tunnel, and checks that it ends in time.
#[track_caller]
fn assert_ends_in_time(origin: &Origin, proxy: &ScriptedServer, what: &str) {
    const TIMEOUT: Duration = Duration::from_millis(300);

    let transport = origin.builder().proxy(proxy.origin()).build().unwrap();
    let start = Instant::now();
    let sent = send(&transport, exchange(origin.server.origin()), Limits::default().timeout(Some(TIMEOUT)));
    let took = start.elapsed();
    assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Timeout, what);
    assert!(took >= TIMEOUT, "{what}: {took:?}");
    // A busy machine delays the end, but by less than the proxy trickles.
    assert!(took < TRICKLE / 2, "{what}: {took:?}");
}

#[test]
fn deadline_covers_a_silent_proxy() {
    // F5, C-12
    let origin = Origin::new();
    for response in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        assert_ends_in_time(&origin, &responding(response), response);
    }
}

#[test]
fn deadline_covers_a_trickling_proxy() {
    // F5, C-12
    let origin = Origin::new();
    let certified = certificate(&origin.issuer, &["localhost"], (2020, 2100));
    let tls = https("localhost", &certified, rustls::DEFAULT_VERSIONS);
    for (scheme, what) in [(Scheme::http(), "http"), (tls, "https")] {
        let proxy = ScriptedServer::start(&scheme, RunScript::AfterRequest, |connection, _| {
            connection.send(b"HTTP/1.1 200 OK\r\nx: ")?;
            // Each read ends long before the timeout.
            let end = Instant::now() + TRICKLE;
            while Instant::now() < end {
                connection.send(b"x")?;
                thread::sleep(Duration::from_millis(20));
            }
            close_connection()
        })
        .unwrap();
        assert_ends_in_time(&origin, &proxy, what);
    }
}

#[test]
fn proxy_that_closes_at_any_byte_sends_nothing() {
    // F5
    let origin = Origin::new();
    let response = b"HTTP/1.1 200 Connection established\r\n\r\n";
    for offset in 0..=response.len() {
        let proxy = serving(move |connection| {
            connection.send(&response[..offset])?;
            close_connection()
        });
        // After a complete response, the TLS handshake fails.
        let whole = offset == response.len();
        let kind = if whole { ErrorKind::Connect } else { ErrorKind::Proxy };
        assert_not_sent(origin.send_by(proxy.origin()), kind, &offset.to_string());
        assert_eq!(proxy.connections().unwrap(), 1, "after {offset}");
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[test]
fn proxy_cannot_respond_for_the_host() {
    // F5
    let origin = Origin::new();
    let response = [b"HTTP/1.1 200 OK\r\n\r\n", GRANT].concat();
    let proxy = responding(response);
    assert_not_sent(origin.send_by(proxy.origin()), ErrorKind::Proxy, "response from the proxy");
    let proxy = serving(|connection| {
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")?;
        connection.read_exact(&mut [0; 100])?;
        connection.send(GRANT)?;
        connection.wait_for_close()
    });
    assert_not_sent(origin.send_by(proxy.origin()), ErrorKind::Tls, "response instead of TLS");
}

#[test]
fn closed_proxy_port_is_a_proxy_error() {
    // F5
    let origin = Origin::new();
    let port = ClosedPort::new().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let sent = origin.send_by(&format!("{scheme}://{}", port.address()));
        let causes = error_chain(sent.as_ref().unwrap_err());
        assert!(causes.contains(&port.address().to_string()), "{causes}");
        assert_not_sent(sent, ErrorKind::Proxy, scheme);
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[test]
fn loopback_requests_never_use_a_proxy() {
    let proxy = responding("HTTP/1.1 200 OK\r\n\r\n");
    let server = granting();
    let transport = UreqTransport::builder().proxy(proxy.origin()).build().unwrap();
    assert_eq!(send(&transport, exchange(server.origin()), Limits::default()).unwrap().body(), KEY);
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[test]
fn last_proxy_setting_wins() {
    let origin = Origin::new();
    let proxy = responding("HTTP/1.1 407 x\r\n\r\n");
    let transport = origin.builder().proxy(proxy.origin()).no_proxy().build().unwrap();
    assert_eq!(origin.send(&transport).unwrap(), KEY);
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[test]
fn errors_and_debug_output_show_no_credentials() {
    // F5, C-17, S-1
    let origin = Origin::new();
    let proxy = responding("HTTP/1.1 407 x\r\n\r\n");
    let mut printed = String::new();
    // The proxy waits for the end of what is, over TLS, no request.
    let limits = Limits::default().timeout(Some(Duration::from_secs(1)));
    for scheme in ["http", "https", "ftp"] {
        let url = format!("{scheme}://us3r:s3cret@127.0.0.1:{}", proxy.address().port());
        let builder = origin.builder().proxy(&url);
        write!(printed, "{builder:?}").unwrap();
        match builder.build() {
            Ok(transport) => {
                let error = send(&transport, exchange(origin.server.origin()), limits).unwrap_err();
                write!(printed, "{transport:?} {error:?} {}", error_chain(&error)).unwrap();
            }
            Err(error) => {
                assert_eq!(error.to_string(), "invalid proxy URL");
                write!(printed, "{error:?}").unwrap();
            }
        }
    }
    for secret in ["us3r", "s3cret", "dXMzcjpzM2NyZXQ"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
