//! Tests of HTTP proxies with `CONNECT`. Whatever a proxy does, the request counts as not sent.

use std::{
    error::Error as _,
    fmt::Write,
    io::Read as _,
    time::{Duration, Instant},
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_contract::ClosedPort;
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    failure::{assert_not_sent, error_chain},
    origin::{Origin, https_with, tls_config},
    server::{
        GRANT, KEY, RunScript, Scheme, ScriptedServer, close_connection, exchange, granting, responding,
        serving,
    },
    tls::{issuer, signed_by},
    tunnel,
};

#[tokio::test]
async fn proxy_credentials_stay_with_the_proxy() {
    // C-17
    let origin = Origin::new();
    let proxy = tunnel::proxy(origin.server.address());
    let url = format!("http://us3r:p%40ss@{}", proxy.address());
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);

    let host = format!("localhost:{}", origin.server.address().port());
    let [connect] = &proxy.requests()[..] else { panic!("expected one request") };
    assert_eq!(connect.line, format!("CONNECT {host} HTTP/1.1"));
    let headers = [("host", &*host), ("proxy-authorization", "Basic dXMzcjpwQHNz")];
    assert_eq!(connect.headers, headers.map(|(name, value)| (name.to_owned(), value.into())));
    let [request] = &origin.server.requests()[..] else { panic!("expected one request") };
    assert_eq!(request.line, "POST /api/v1/auth/keys HTTP/1.1");
    let names: Vec<_> = request.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["content-type", "accept", "host", "content-length"]);
}

#[tokio::test]
async fn tunnel_is_reused() {
    let origin = Origin::new();
    let proxy = tunnel::proxy(origin.server.address());
    let transport = origin.builder().proxy(proxy.origin()).build().unwrap();
    for _ in 0..5 {
        assert_eq!(origin.send(&transport).await.unwrap(), KEY);
    }
    assert_eq!(proxy.connections().unwrap(), 1);
    assert!(proxy.requests()[0].values("proxy-authorization").is_empty());
}

#[tokio::test]
async fn proxy_can_be_reached_over_tls() {
    let origin = Origin::new();
    let proxy_of = |issuer| {
        let scheme = https_with("localhost", tls_config(&signed_by(issuer, (2020, 2100))));
        tunnel::proxy_over(&scheme, origin.server.address())
    };
    let proxy = proxy_of(&origin.issuer);
    let url = proxy.origin().replace("//", "//user:pass@");
    assert_eq!(origin.send_by(&url).await.unwrap(), KEY);
    assert_eq!(proxy.requests()[0].values("proxy-authorization"), [b"Basic dXNlcjpwYXNz"]);

    let untrusted = proxy_of(&issuer());
    assert_not_sent(origin.send_by(untrusted.origin()).await, ErrorKind::Tls, "untrusted");
    assert!(untrusted.requests().is_empty());
}

#[tokio::test]
async fn rejection_differs_from_missing_credentials() {
    // F5, C-17
    let origin = Origin::new();
    let html = "content-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>";
    for (status, kind) in [
        ("407 Proxy Authentication Required", ErrorKind::ProxyAuth),
        ("407 x\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm=x", ErrorKind::ProxyAuth),
        (
            "407 x\r\nproxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM",
            ErrorKind::ProxyAuthUnsupported,
        ),
        ("403 Forbidden", ErrorKind::Proxy),
        ("502 Bad Gateway", ErrorKind::Proxy),
        ("503 Service Unavailable", ErrorKind::Proxy),
        ("504 Gateway Timeout", ErrorKind::Proxy),
        ("302 Found", ErrorKind::Proxy),
        ("101 Switching Protocols", ErrorKind::Proxy),
    ] {
        let proxy = responding(format!("HTTP/1.1 {status}\r\n{html}"));
        assert_not_sent(origin.send_by(proxy.origin()).await, kind, status);
        assert_eq!(proxy.connections().unwrap(), 1, "{status}");
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn error_causes_describe_the_proxy_response() {
    let origin = Origin::new();
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(20_000));
    for (response, cause) in [
        ("HTTP/1.1 407 x\r\n\r\n", "the proxy requires credentials, or rejected them"),
        (
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate, NTLM\r\n\r\n",
            "the proxy offers only Negotiate and NTLM authentication",
        ),
        ("HTTP/1.1 502 x\r\n\r\n", "the proxy responded with status 502"),
        ("SSH-2.0-x\r\n\r\n", "the proxy's response is malformed"),
        (&endless, "the proxy's response is too large"),
    ] {
        let proxy = responding(response);
        let causes = error_chain(&origin.send_by(proxy.origin()).await.unwrap_err());
        let proxy = format!(": the connection through the proxy {} failed", proxy.address());
        assert!(causes.contains(&format!("{proxy}: {cause}, ")), "{causes}");
    }
    let proxy = serving(|_| close_connection());
    let causes = error_chain(&origin.send_by(proxy.origin()).await.unwrap_err());
    // The chain also has the I/O error.
    assert!(causes.contains(": the connection to the proxy broke: "), "{causes}");
}

#[tokio::test]
async fn endless_proxy_response_is_an_error() {
    // F5, C-13
    let origin = Origin::new();
    for line in [format!("x: {}\r\n", "y".repeat(1_000)), "y".repeat(1_000)] {
        let proxy = responding(format!("HTTP/1.1 200 OK\r\n{}", line.repeat(1_000)));
        assert_not_sent(origin.send_by(proxy.origin()).await, ErrorKind::Proxy, "1 MiB");
    }
}

#[tokio::test]
async fn connect_timeout_covers_a_silent_proxy() {
    // F5, C-12
    let origin = Origin::new();
    for response in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let proxy = responding(response);
        let start = Instant::now();
        let url = format!("http://us3r:s3cret@{}", proxy.address());
        let builder = origin.builder().proxy(&url).connect_timeout(Duration::from_millis(100));
        let sent = origin.send(&builder.build().unwrap()).await;
        let causes = error_chain(sent.as_ref().unwrap_err());
        let named =
            format!("could not connect: the connection through the proxy {} failed: ", proxy.address());
        assert!(causes.starts_with(&named), "{response}: {causes}");
        assert_not_sent(sent, ErrorKind::Connect, response);
        // The default is 3.1 s.
        assert!(start.elapsed() < Duration::from_secs(3), "{response}");
    }
}

#[tokio::test]
async fn proxy_that_closes_at_any_byte_sends_nothing() {
    // F5
    let origin = Origin::new();
    let response = b"HTTP/1.1 200 Connection established\r\n\r\n";
    let host = format!("localhost:{}", origin.server.address().port());
    let connect = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").len();
    for reset in [false, true] {
        for offset in 0..=response.len() {
            let proxy = ScriptedServer::start(&Scheme::http(), RunScript::OnConnect, move |connection, _| {
                // An unread byte turns the close into a reset.
                connection.read_exact(&mut vec![0; connect - usize::from(reset)])?;
                connection.send(&response[..offset])?;
                close_connection()
            })
            .unwrap();
            // After a complete response, the TLS handshake fails, unless the reset overtakes the response.
            let error = origin.send_by(proxy.origin()).await.unwrap_err();
            let whole = offset == response.len();
            assert!(
                error.kind() == ErrorKind::Proxy && (!whole || reset)
                    || error.kind() == ErrorKind::Connect && whole,
                "{reset} after {offset}: {error:?}"
            );
            assert!(!error.may_have_been_sent(), "{reset} after {offset}");
            assert_eq!(proxy.connections().unwrap(), 1, "{reset} after {offset}");
        }
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn proxy_cannot_respond_for_the_host() {
    // F5
    let origin = Origin::new();
    let responses: [(Vec<u8>, _); 2] = [
        ([b"HTTP/1.1 200 OK\r\n\r\n", GRANT].concat(), ErrorKind::Proxy),
        (b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), ErrorKind::Tls),
    ];
    for (response, kind) in responses {
        let proxy = serving(move |connection| {
            connection.send(&response)?;
            connection.read_exact(&mut [0; 100])?;
            connection.send(GRANT)?;
            connection.wait_for_close()
        });
        assert_not_sent(origin.send_by(proxy.origin()).await, kind, "response from the proxy");
    }
}

#[tokio::test]
async fn closed_proxy_port_is_a_proxy_error() {
    // F5
    let origin = Origin::new();
    let port = ClosedPort::new().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let sent = origin.send_by(&format!("{scheme}://{}", port.address())).await;
        let causes = error_chain(sent.as_ref().unwrap_err());
        assert!(causes.contains(&port.address().to_string()), "{causes}");
        assert_not_sent(sent, ErrorKind::Proxy, scheme);
    }
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn loopback_requests_never_use_a_proxy() {
    let proxy = responding("HTTP/1.1 200 OK\r\n\r\n");
    let server = granting();
    let transport = HyperTransport::builder().proxy(proxy.origin()).build().unwrap();
    let response = transport.send(exchange(server.origin()), Limits::default()).await.unwrap();
    assert_eq!(response.body(), KEY);
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[tokio::test]
async fn last_proxy_setting_wins() {
    let origin = Origin::new();
    let proxy = responding("HTTP/1.1 407 x\r\n\r\n");
    let transport = origin.builder().proxy(proxy.origin()).no_proxy().build().unwrap();
    assert_eq!(origin.send(&transport).await.unwrap(), KEY);
    assert_eq!(proxy.connections().unwrap(), 0);
}

#[tokio::test]
async fn errors_and_debug_output_show_no_credentials() {
    // F5, C-17, S-1
    let origin = Origin::new();
    let proxy = responding("HTTP/1.1 407 x\r\n\r\n");
    let mut printed = String::new();
    for scheme in ["http", "https", "socks5", "socks4"] {
        let builder =
            origin.builder().proxy(&format!("{scheme}://us3r:s3cret@127.0.0.1:{}", proxy.address().port()));
        write!(printed, "{builder:?}").unwrap();
        let builder = builder.connect_timeout(Duration::from_millis(100));
        match builder.build() {
            Ok(transport) => {
                write!(printed, "{transport:?}").unwrap();
                let sent = origin.send(&transport).await;
                write!(printed, "{:?}", sent.unwrap_err()).unwrap();
            }
            Err(error) => {
                assert_eq!(error.to_string(), "invalid proxy URL");
                write!(printed, "{error:?} {}", error.source().unwrap()).unwrap();
            }
        }
    }
    for secret in ["us3r", "s3cret", "dXMzcjpzM2NyZXQ"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
