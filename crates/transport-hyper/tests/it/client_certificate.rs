//! Tests of the client certificate.

use std::{error::Error as _, sync::Arc};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, ErrorKind};
use openrouter_oauth_transport_hyper::{BuildError, Builder, HyperTransport};
use rcgen::{CertifiedIssuer, CertifiedKey, KeyPair};
use rustls::{
    RootCertStore, SupportedProtocolVersion, pki_types::PrivateKeyDer, server::WebPkiClientVerifier,
};

use crate::{
    origin::{self, https_with, tls_config},
    server::{GRANT, KEY, ScriptedServer},
    tls::{issuer, signed_by},
};

/// Starts a server that requires a client certificate signed by `issuer`.
fn asking(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    versions: &[&'static SupportedProtocolVersion],
) -> ScriptedServer {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let own = signed_by(issuer, (2020, 2100));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![own.cert.der().clone()],
            PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap(),
        )
        .unwrap();
    ScriptedServer::responding(&https_with("localhost", config), GRANT).unwrap()
}

fn showing(builder: Builder, certified: &CertifiedKey<KeyPair>) -> Builder {
    let (chain, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    builder.client_certificate_pem(chain.as_bytes(), key.as_bytes())
}

async fn send(builder: Builder, server: &ScriptedServer) -> Result<Bytes, Error> {
    origin::send(&builder.build().unwrap(), server).await
}

#[tokio::test]
async fn server_gets_the_certificate_on_request() {
    let (issuer, other) = (issuer(), issuer());
    let trusting = || HyperTransport::builder().add_root_certificates_der(issuer.der());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = asking(&issuer, &[version]);
        let own = signed_by(&issuer, (2020, 2100));
        assert_eq!(send(showing(trusting(), &own), &server).await.unwrap(), KEY, "{version:?}");
        assert_eq!(server.requests().len(), 1);

        for rejected in [showing(trusting(), &signed_by(&other, (2020, 2100))), trusting()] {
            let error = send(rejected, &server).await.unwrap_err();
            if version.version == rustls::ProtocolVersion::TLSv1_2 {
                assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
                assert!(!error.may_have_been_sent());
            } else {
                // The client completes the handshake before the server checks the certificate, so it may already
                // have sent the request.
                assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Tls), "{error:?}");
            }
            assert_eq!(server.requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn server_gets_no_certificate_without_a_request() {
    let issuer = issuer();
    let own = signed_by(&issuer, (2020, 2100));
    let server = ScriptedServer::responding(&https_with("localhost", tls_config(&own)), GRANT).unwrap();
    let builder = HyperTransport::builder().add_root_certificates_der(issuer.der());
    assert_eq!(send(showing(builder, &own), &server).await.unwrap(), KEY);
}

#[test]
fn invalid_certificate_error_hides_the_key() {
    // S-1
    let issuer = issuer();
    let (own, other) = (signed_by(&issuer, (2020, 2100)), signed_by(&issuer, (2020, 2100)));
    // On Windows, its lines end with a carriage return.
    let key = own.signing_key.serialize_pem().replace('\r', "");
    let chain = own.cert.pem();
    let build = |chain: &str, key: &str| {
        let builder = HyperTransport::builder().client_certificate_pem(chain.as_bytes(), key.as_bytes());
        let printed = format!("{builder:?}");
        builder.build().map_err(|error: BuildError| {
            assert_eq!(error.to_string(), "invalid client certificate or key");
            format!("{printed} {error:?} {}", error.source().unwrap())
        })
    };
    build(&chain, &key).unwrap();
    let broken = key.replace("-----END", "----END");
    let unreadable = key.replace("PRIVATE KEY-----\n", "PRIVATE KEY-----\n!");
    for (chain, key) in [
        ("", &*key),
        (&*chain, ""),
        (&*key, &*key),
        (&*chain, &*chain),
        (&*chain, &*broken),
        (&*chain, &*unreadable),
        (&*other.cert.pem(), &*key),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &*key),
    ] {
        let printed = build(chain, key).unwrap_err();
        for line in key.lines().filter(|line| line.len() > 30) {
            assert!(!printed.contains(line), "{printed}");
        }
    }
}

#[test]
fn debug_output_hides_the_key() {
    // S-1
    let own = signed_by(&issuer(), (2020, 2100));
    let printed = format!("{:?}", showing(HyperTransport::builder(), &own));
    // The private number inside the PKCS #8 structure.
    let secret = &own.signing_key.serialize_der()[36..68];
    for form in [format!("{secret:?}"), format!("{secret:02x?}").replace(", ", "")] {
        assert!(!printed.contains(form.trim_matches(['[', ']'])), "{printed}");
    }
}
