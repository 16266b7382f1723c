//! Tests of TLS. The transport rejects an untrusted server before it writes any byte of the request.

use std::{
    error::Error as _,
    io::{self, Read as _},
    time::Duration,
};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, ErrorKind};
use openrouter_oauth_transport_contract as contract;
use openrouter_oauth_transport_hyper::HyperTransport;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CertifiedKey, GeneralSubtree, IsCa, KeyPair,
    NameConstraints, date_time_ymd,
};

use crate::{
    failure::assert_not_sent,
    origin::{https_with, send, tls_config, tls_config_of},
    server::{GRANT, KEY, RunScript, Scheme, ScriptedConnection, ScriptedServer, close_connection},
};

/// Creates a self-signed certificate for `name`.
pub(crate) fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// Creates a certificate for `localhost`, signed by `issuer` and valid for these years.
pub(crate) fn signed_by(issuer: &CertifiedIssuer<'_, KeyPair>, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    signed(&params, issuer)
}

/// Creates a certificate for these names, signed by `issuer`.
pub(crate) fn signed_by_for(issuer: &CertifiedIssuer<'_, KeyPair>, names: &[&str]) -> CertifiedKey<KeyPair> {
    let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
    signed(&CertificateParams::new(names).unwrap(), issuer)
}

fn signed(params: &CertificateParams, issuer: &CertifiedIssuer<'_, KeyPair>) -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.signed_by(&signing_key, issuer).unwrap(), signing_key }
}

pub(crate) fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    issuer_with(CertificateParams::default())
}

fn issuer_with(mut params: CertificateParams) -> CertifiedIssuer<'static, KeyPair> {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Creates a root certificate with another name than that of [`issuer`].
#[cfg(all(feature = "platform-roots", target_os = "linux"))]
pub(crate) fn other_root() -> rcgen::Certificate {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "other root");
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

/// Creates a transport that trusts only `root`.
pub(crate) fn trusting(root: &rcgen::Certificate) -> HyperTransport {
    HyperTransport::builder().add_root_certificates_pem(root.pem().as_bytes()).build().unwrap()
}

fn granting(certified: &CertifiedKey<KeyPair>) -> ScriptedServer {
    granting_by(tls_config(certified))
}

fn granting_by(config: rustls::ServerConfig) -> ScriptedServer {
    ScriptedServer::responding(&https_with("localhost", config), GRANT).unwrap()
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

fn assert_not_trusted(sent: Result<Bytes, Error>, server: &ScriptedServer) {
    assert_not_sent(sent, ErrorKind::Tls, server.origin());
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn valid_certificate_is_accepted() {
    let issuer = issuer();
    let server = granting(&signed_by(&issuer, (2020, 2100)));
    let transport = trusting(issuer.as_ref());
    for _ in 0..10 {
        assert_eq!(send(&transport, &server).await.unwrap(), KEY);
    }
    assert_eq!(server.requests().len(), 10);
}

#[tokio::test]
async fn root_certificate_can_be_der() {
    let issuer = issuer();
    let server = granting(&signed_by(&issuer, (2020, 2100)));
    let transport = HyperTransport::builder().add_root_certificates_der(issuer.der()).build().unwrap();
    assert_eq!(send(&transport, &server).await.unwrap(), KEY);
}

#[tokio::test]
async fn tls_1_2_is_accepted() {
    let issuer = issuer();
    let config = tls_config_of(&signed_by(&issuer, (2020, 2100)), &[&rustls::version::TLS12]);
    let server = granting_by(config);
    assert_eq!(send(&trusting(issuer.as_ref()), &server).await.unwrap(), KEY);
}

#[tokio::test]
async fn untrusted_certificates_are_rejected() {
    // F4
    let (issuer, stranger) = (issuer(), issuer());
    let mut params = CertificateParams::default();
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".into())],
        excluded_subtrees: vec![],
    });
    let narrow = issuer_with(params);
    let years = (2020, 2100);
    let elsewhere = signed_by_for(&issuer, &["openrouter.example"]);
    for (what, shown, trusted) in [
        ("expired", signed_by(&issuer, (2000, 2001)), &issuer),
        ("not yet valid", signed_by(&issuer, (2098, 2100)), &issuer),
        ("for another host", elsewhere, &issuer),
        ("from an unknown issuer", signed_by(&stranger, years), &issuer),
        ("self-signed", certificate("localhost"), &issuer),
        ("from an issuer with other name constraints", signed_by(&narrow, years), &narrow),
    ] {
        println!("certificate: {what}");
        let server = granting(&shown);
        assert_not_trusted(send(&trusting(trusted.as_ref()), &server).await, &server);
    }
}

#[tokio::test]
async fn other_alpn_protocol_is_rejected() {
    // F4
    let issuer = issuer();
    let mut config = tls_config(&signed_by(&issuer, (2020, 2100)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = granting_by(config);
    assert_not_trusted(send(&trusting(issuer.as_ref()), &server).await, &server);
}

#[tokio::test]
async fn failed_handshake_is_not_retried() {
    // F4: the server sends alerts for an unsupported version, no common cipher, and an unknown host (RFC 8446,
    // section 6.2).
    for alert in [70, 40, 112] {
        let server = below_tls(move |connection| {
            connection.read_exact(&mut [0; 100])?;
            connection.send(&[21, 3, 3, 0, 2, 2, alert])?;
            connection.wait_for_close()
        });
        let transport = trusting(issuer().as_ref());
        assert_not_trusted(send(&transport, &server).await, &server);
        assert_eq!(server.connections().unwrap(), 1);
    }
}

#[tokio::test]
async fn close_notify_in_the_handshake_is_a_connect_error() {
    // F4: `close_notify`.
    let server = below_tls(|connection| {
        connection.read_exact(&mut [0; 100])?;
        connection.send(&[21, 3, 3, 0, 2, 1, 0])?;
        connection.wait_for_close()
    });
    let error = send(&trusting(issuer().as_ref()), &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[cfg(feature = "platform-roots")]
#[tokio::test]
async fn system_roots_do_not_trust_our_certificates() {
    // F4, F7: an attacker on the network path has such a certificate too.
    let server = granting(&certificate("localhost"));
    let transport = HyperTransport::builder().platform_roots().build().unwrap();
    assert_not_trusted(send(&transport, &server).await, &server);
    assert_not_trusted(send(&HyperTransport::new(), &server).await, &server);
}

#[cfg(feature = "webpki-roots")]
#[tokio::test]
async fn mozilla_roots_do_not_trust_our_certificates() {
    let server = granting(&certificate("localhost"));
    let transport = HyperTransport::builder().webpki_roots().build().unwrap();
    assert_not_trusted(send(&transport, &server).await, &server);
}

#[cfg(feature = "aws-lc-rs")]
#[tokio::test]
async fn aws_lc_rs_accepts_and_rejects_the_same_servers() {
    let (issuer, other) = (issuer(), issuer());
    let server = granting(&signed_by(&issuer, (2020, 2100)));
    let by_aws_lc_rs = |root: &rcgen::Certificate| {
        let builder = HyperTransport::builder().aws_lc_rs();
        builder.add_root_certificates_pem(root.pem().as_bytes()).build().unwrap()
    };
    assert_not_trusted(send(&by_aws_lc_rs(other.as_ref()), &server).await, &server);
    assert_eq!(send(&by_aws_lc_rs(issuer.as_ref()), &server).await.unwrap(), KEY);
}

#[tokio::test]
async fn plain_text_response_to_tls_is_an_error() {
    // F4
    let issuer = issuer();
    let server = below_tls(|connection| {
        connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        connection.wait_for_close()
    });
    assert_not_trusted(send(&trusting(issuer.as_ref()), &server).await, &server);
}

#[tokio::test]
async fn truncated_handshake_is_a_connect_error() {
    // F4
    let issuer = issuer();
    for count in [0, 1, 100] {
        let server = below_tls(move |connection| {
            connection.read_exact(&mut vec![0; count])?;
            close_connection()
        });
        let error = send(&trusting(issuer.as_ref()), &server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        assert!(!error.may_have_been_sent());
    }
}

#[tokio::test]
async fn connect_timeout_covers_the_handshake() {
    // F4, C-12
    let server = below_tls(ScriptedConnection::wait_for_close);
    let transport = HyperTransport::builder()
        .add_root_certificates_der(issuer().der())
        .connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = send(&transport, &server).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn client_hello_offers_http_1_and_no_early_data() {
    // C-18: the server accepts early data, and a second connection could send some.
    let issuer = issuer();
    let mut config = tls_config(&signed_by(&issuer, (2020, 2100)));
    config.max_early_data_size = 16 * 1024;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // The server checks every handshake for early data.
    let server = granting_by(config);
    let builder = HyperTransport::builder().add_root_certificates_der(issuer.der());
    let transport = builder.idle_timeout(Duration::ZERO).build().unwrap();
    for _ in 0..3 {
        assert_eq!(send(&transport, &server).await.unwrap(), KEY);
    }
    assert_eq!(server.connections().unwrap(), 3);
}

#[test]
fn invalid_certificate_is_a_build_error() {
    let pem = certificate("localhost").cert.pem();
    for bad in [
        "",
        "no PEM at all",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        &pem[..pem.len() / 2],
        &KeyPair::generate().unwrap().serialize_pem(),
    ] {
        let error = HyperTransport::builder().add_root_certificates_pem(bad.as_bytes()).build().unwrap_err();
        assert_eq!(error.to_string(), "invalid root certificate");
        assert!(error.source().is_some());
    }
    HyperTransport::builder().add_root_certificates_der(b"\x30\x00").build().unwrap_err();
}

#[tokio::test]
async fn tls_connections_meet_the_contract() -> Result<(), contract::Violations> {
    let certified = certificate("localhost");
    let scheme = https_with("localhost", tls_config(&certified));
    contract::run_over(&trusting(&certified.cert), &scheme).await
}
