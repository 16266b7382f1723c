//! Tests of TLS. The transport rejects an untrusted server before it writes any byte of the request.

use std::{error::Error as _, io::Read as _};

use openrouter_oauth_transport::{ErrorKind, Limits};
use openrouter_oauth_transport_ureq::UreqTransport;

use crate::{
    failure::{assert_not_sent, error_chain},
    origin::{Origin, issuer},
    send,
    server::{KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection, exchange},
};

#[test]
fn valid_certificate_is_accepted() {
    // C-18: the server accepts early data, and a second connection could send some.
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let origin = Origin::with("localhost", &["localhost"], (2020, 2100), versions);
        let transport = origin.transport();
        for _ in 0..3 {
            assert_eq!(origin.send(&transport).unwrap(), KEY);
        }
        let pem = origin.issuer.as_ref().pem();
        let builder = UreqTransport::builder().no_proxy().add_root_certificates_pem(pem.as_bytes());
        assert_eq!(origin.send(&builder.build().unwrap()).unwrap(), KEY);
        assert_eq!(origin.server.connections().unwrap(), 4, "each request has its own");
    }
}

#[test]
fn untrusted_certificates_are_rejected() {
    // F4, F7
    let trusted = Origin::new();
    let name = Origin::with("localhost", &["other.example"], (2020, 2100), rustls::DEFAULT_VERSIONS);
    let expired = Origin::with("localhost", &["localhost"], (2000, 2001), rustls::DEFAULT_VERSIONS);
    let future = Origin::with("localhost", &["localhost"], (2100, 2101), rustls::DEFAULT_VERSIONS);
    for origin in [&name, &expired, &future] {
        assert_not_sent(origin.send(&origin.transport()), ErrorKind::Tls, "its own root");
    }
    let other = UreqTransport::builder().no_proxy().add_root_certificates_der(issuer().der());
    let error = trusted.send(&other.build().unwrap()).unwrap_err();
    assert!(error_chain(&error).contains("invalid peer certificate"), "{error:?}");
    assert_not_sent(Err(error), ErrorKind::Tls, "another root");
    // The default roots, or none.
    assert_not_sent(
        trusted.send(&UreqTransport::builder().no_proxy().build().unwrap()),
        ErrorKind::Tls,
        "default",
    );
    for origin in [&trusted, &name, &expired, &future] {
        assert!(origin.server.requests().is_empty());
    }
}

#[test]
fn last_choice_of_roots_wins_over_the_default() {
    let trusted = Origin::new();
    let builder = UreqTransport::builder().no_proxy();
    #[cfg(feature = "platform-roots")]
    let builder = builder.platform_roots();
    #[cfg(feature = "webpki-roots")]
    let builder = builder.webpki_roots();
    assert_not_sent(trusted.send(&builder.build().unwrap()), ErrorKind::Tls, "public roots");
    let builder = trusted.builder();
    #[cfg(feature = "platform-roots")]
    let builder = builder.platform_roots();
    #[cfg(feature = "webpki-roots")]
    let builder = builder.webpki_roots();
    assert_eq!(trusted.send(&builder.build().unwrap()).unwrap(), KEY, "added certificates replace them");
}

#[cfg(not(any(feature = "platform-roots", feature = "webpki-roots")))]
#[test]
fn missing_roots_error_names_the_feature_to_enable() {
    let error = send(&UreqTransport::new(), exchange("https://localhost:1"), Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.source().unwrap().to_string().contains("`platform-roots`"));
}

/// Starts a server that runs a script instead of the TLS handshake.
fn below_tls(
    script: impl Fn(&mut ScriptedConnection) -> std::io::Result<()> + Send + Sync + 'static,
) -> ScriptedServer {
    ScriptedServer::start(&Scheme::https("localhost", Ok), RunScript::OnConnect, move |connection, _| {
        script(connection)
    })
    .unwrap()
}

#[test]
fn plain_text_response_to_tls_is_an_error() {
    // F4
    let server = below_tls(|connection| {
        connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        connection.wait_for_close()
    });
    let sent = send(&Origin::new().transport(), exchange(server.origin()), Limits::default());
    assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Tls, "plain text");
}

#[test]
fn truncated_handshake_is_a_connect_error() {
    // F4
    for count in [0, 1, 100] {
        let server = below_tls(move |connection| {
            connection.read_exact(&mut vec![0; count])?;
            close_connection()
        });
        let sent = send(&Origin::new().transport(), exchange(server.origin()), Limits::default());
        assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Connect, &count.to_string());
    }
}

#[test]
fn deadline_covers_the_handshake() {
    // F4, C-12
    let server = below_tls(ScriptedConnection::wait_for_close);
    let limits = Limits::default().timeout(Some(std::time::Duration::from_millis(100)));
    let sent = send(&Origin::new().transport(), exchange(server.origin()), limits);
    assert_not_sent(sent.map(http::Response::into_body), ErrorKind::Timeout, "silent");
}

#[test]
fn invalid_certificate_is_a_build_error() {
    let pem = issuer().as_ref().pem();
    for bad in [
        "",
        "no PEM at all",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        &pem[..pem.len() / 2],
    ] {
        let error = UreqTransport::builder().add_root_certificates_pem(bad.as_bytes()).build().unwrap_err();
        assert_eq!(error.to_string(), "invalid root certificate");
        assert!(error.source().is_some());
    }
}
