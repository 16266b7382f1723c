//! TLS for servers in tests, with certificates generated when needed.

use std::{io, sync::Arc};

use openrouter_oauth_transport_contract::Scheme;
use rcgen::{CertificateParams, CertifiedKey, KeyPair, PKCS_ED25519, date_time_ymd};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider, pki_types::PrivateKeyDer,
};

/// Generates a self-signed certificate for `host`, valid from the first of these years to the second.
///
/// Its signatures always have the same length, so every handshake has the same number of bytes.
pub fn certificate(host: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
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
