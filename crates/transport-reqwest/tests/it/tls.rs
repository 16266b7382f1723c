//! Tests of TLS. The transport rejects an untrusted server before it writes any byte of the request.

use std::{
    io::{self, Read as _},
    sync::Arc,
    time::Duration,
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_contract as contract;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CertifiedKey, IsCa, KeyPair,
    date_time_ymd,
};
use reqwest::ClientBuilder;
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::{
    assert_maybe_sent, client_builder,
    failure::assert_not_sent,
    own, send,
    server::{GRANT, KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection, exchange},
    transport,
};

pub(crate) fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Creates a certificate for `name`, signed by `issuer` and valid for these years.
fn signed_by(issuer: &CertifiedIssuer<'_, KeyPair>, name: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.signed_by(&signing_key, issuer).unwrap(), signing_key }
}

/// Creates a client builder that trusts only `root`.
pub(crate) fn trusting(root: &Certificate) -> ClientBuilder {
    let root = reqwest::Certificate::from_der(root.der()).unwrap();
    client_builder().tls_certs_only([root])
}

/// Returns the scheme for `localhost` with a certificate of `issuer`, and with these protocols (ALPN).
pub(crate) fn https(issuer: &CertifiedIssuer<'_, KeyPair>, protocols: &[&str]) -> Scheme {
    https_with(&signed_by(issuer, "localhost", (2020, 2100)), protocols)
}

fn https_with(certified: &CertifiedKey<KeyPair>, protocols: &[&str]) -> Scheme {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let config = Arc::new(config);
    Scheme::https("localhost", move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        Ok(StreamOwned::new(tls, tcp))
    })
}

/// Starts a server that runs a script instead of the TLS handshake.
fn below_tls(
    script: impl Fn(&mut ScriptedConnection) -> io::Result<()> + Send + Sync + 'static,
) -> ScriptedServer {
    ScriptedServer::start(&Scheme::https("localhost", Ok), RunScript::OnConnect, move |connection, _| {
        script(connection)
    })
    .unwrap()
}

#[tokio::test]
async fn tls_connections_meet_the_contract() -> Result<(), contract::Violations> {
    let issuer = issuer();
    let transport = transport(trusting(issuer.as_ref()));
    contract::run_over(&transport, &https(&issuer, &["http/1.1"])).await
}

#[tokio::test]
async fn valid_certificate_is_accepted() {
    let issuer = issuer();
    let server = ScriptedServer::responding(&https(&issuer, &[]), GRANT).unwrap();
    let transport = transport(trusting(issuer.as_ref()));
    for _ in 0..5 {
        assert_eq!(send(&transport, server.origin()).await.unwrap(), KEY);
    }
}

/// Another crate can enable reqwest's feature for HTTP/2. The tests do, too.
#[cfg(not(feature = "http2"))]
#[tokio::test]
async fn only_the_feature_turns_http_2_on() {
    // C-20
    let issuer = issuer();
    let server = ScriptedServer::responding(&https(&issuer, &["h2", "http/1.1"]), GRANT).unwrap();
    assert_eq!(send(&transport(trusting(issuer.as_ref())), server.origin()).await.unwrap(), KEY);
    let [request] = &server.requests()[..] else { panic!("expected one request") };
    assert_eq!(request.line, "POST /api/v1/auth/keys HTTP/1.1");
}

#[tokio::test]
async fn untrusted_certificates_are_tls_errors() {
    // F4
    let (issuer, stranger) = (issuer(), issuer());
    let years = (2020, 2100);
    let transport = transport(trusting(issuer.as_ref()));
    for (what, shown) in [
        ("expired", signed_by(&issuer, "localhost", (2000, 2001))),
        ("not yet valid", signed_by(&issuer, "localhost", (2098, 2100))),
        ("for another host", signed_by(&issuer, "openrouter.example", years)),
        ("from an unknown issuer", signed_by(&stranger, "localhost", years)),
    ] {
        let server = ScriptedServer::responding(&https_with(&shown, &[]), GRANT).unwrap();
        assert_not_sent(send(&transport, server.origin()).await, ErrorKind::Tls, what);
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn system_roots_do_not_trust_our_certificates() {
    // F4, F7
    let server = ScriptedServer::responding(&https(&issuer(), &[]), GRANT).unwrap();
    let result = send(&own(), server.origin()).await;
    assert_not_sent(result, ErrorKind::Tls, "system roots");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn failed_handshake_is_not_retried() {
    // F4: alerts for an unsupported version, no common cipher, and an unknown host (RFC 8446, section 6.2).
    for alert in [70, 40, 112] {
        let server = below_tls(move |connection| {
            connection.read_exact(&mut [0; 100])?;
            connection.send(&[21, 3, 3, 0, 2, 2, alert])?;
            connection.wait_for_close()
        });
        let transport = transport(trusting(issuer().as_ref()));
        assert_not_sent(send(&transport, server.origin()).await, ErrorKind::Tls, "alert");
        assert_eq!(server.connections().unwrap(), 1);
    }
}

#[tokio::test]
async fn plain_text_response_to_tls_is_a_tls_error() {
    // F4
    let server = below_tls(|connection| {
        connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        connection.wait_for_close()
    });
    let transport = transport(trusting(issuer().as_ref()));
    assert_not_sent(send(&transport, server.origin()).await, ErrorKind::Tls, "plain text");
}

#[tokio::test]
async fn truncated_handshake_is_a_connect_error() {
    // F4
    for count in [0, 1, 100] {
        let server = below_tls(move |connection| {
            connection.read_exact(&mut vec![0; count])?;
            close_connection()
        });
        let transport = transport(trusting(issuer().as_ref()));
        assert_not_sent(send(&transport, server.origin()).await, ErrorKind::Connect, "truncated");
    }
}

#[tokio::test]
async fn timeout_while_connecting_may_have_been_sent() {
    let server = ScriptedServer::silent(&Scheme::http()).unwrap();
    let origin = server.origin().replace("http:", "https:");
    let limits = Limits::default().timeout(Some(Duration::from_millis(100)));
    let result = own().send(exchange(&origin), limits).await;
    assert_maybe_sent(result.map(http::Response::into_body), ErrorKind::Timeout, "timeout");
}

#[tokio::test]
async fn connect_timeout_is_a_connect_error() {
    let server = ScriptedServer::silent(&Scheme::http()).unwrap();
    let origin = server.origin().replace("http:", "https:");
    let builder = client_builder().connect_timeout(Duration::from_millis(100));
    let transport = transport(builder);
    assert_not_sent(send(&transport, &origin).await, ErrorKind::Connect, "connect timeout");
}
