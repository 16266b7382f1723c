//! TLS for servers in tests, with certificates generated when needed.

use std::{io, sync::Arc};

use base64ct::{Base64, Encoding as _};
use openrouter_oauth_transport_contract::Scheme;
use rcgen::{
    CertificateParams, CertifiedKey, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData as _,
    SignatureAlgorithm, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider, pki_types::PrivateKeyDer,
};

/// Generates a self-signed certificate for `host`, valid from the first of these years to the second.
///
/// Its signatures always have the same length, so every handshake has the same number of bytes.
pub fn certificate(host: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    generate(&[host], years, &PKCS_ED25519)
}

/// Generates a self-signed certificate for these hosts, with a key that browsers accept.
pub fn browser_certificate(hosts: &[&str]) -> CertifiedKey<KeyPair> {
    generate(hosts, (2020, 2100), &PKCS_ECDSA_P256_SHA256)
}

fn generate(
    hosts: &[&str],
    years: (i32, i32),
    algorithm: &'static SignatureAlgorithm,
) -> CertifiedKey<KeyPair> {
    let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate_for(algorithm).unwrap();
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
}

/// Makes ring the TLS provider of this process. reqwest, as built here, has no provider of its own.
pub fn use_ring() {
    // An error means that the process has a provider already.
    let _ = default_provider().install_default();
}

/// Returns the SHA-256 of the certificate's public key in base64, by which Chromium can trust it.
pub fn key_hash(certificate: &CertifiedKey<KeyPair>) -> String {
    Base64::encode_string(&Sha256::digest(certificate.signing_key.subject_public_key_info()))
}

/// Returns a scheme for the contract suite's server with this certificate: `https://localhost`.
pub fn site(certificate: &CertifiedKey<KeyPair>) -> Scheme {
    site_with(server_config(certificate))
}

/// Returns a scheme for the contract suite's server with this configuration: `https://localhost`.
pub fn site_with(config: ServerConfig) -> Scheme {
    let config = Arc::new(config);
    Scheme::https("localhost", move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        Ok(StreamOwned::new(tls, tcp))
    })
}

/// Returns a TLS server configuration with this certificate.
pub fn server_config(certificate: &CertifiedKey<KeyPair>) -> ServerConfig {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap()
}
