//! TLS for scripted servers, with certificates made on the spot.

use std::{io, sync::Arc};

use openrouter_oauth_transport_contract::Scheme;
use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider, pki_types::PrivateKeyDer,
};

/// A certificate for `host` that signed itself, good between these two years.
pub fn certificate(host: &str, years: (i32, i32)) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
}

/// Where the contract suite's server has this certificate: `https://localhost`.
pub fn site(certificate: &CertifiedKey<KeyPair>) -> Scheme {
    let config = config(certificate);
    Scheme::https("localhost", move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        Ok(StreamOwned::new(tls, tcp))
    })
}

fn config(certificate: &CertifiedKey<KeyPair>) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}
