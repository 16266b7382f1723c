//! HTTPS servers.

use std::{io, sync::Arc};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, Limits};
use openrouter_oauth_transport_ureq::{Builder, UreqTransport};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CertifiedKey, IsCa, KeyPair, date_time_ymd,
};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::{
    send,
    server::{GRANT, Scheme, ScriptedServer, exchange},
};

/// A server that responds to every request with [`GRANT`]. [`Origin::builder`] trusts its certificate.
pub(crate) struct Origin {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) scheme: Scheme,
    pub(crate) server: ScriptedServer,
}

impl Origin {
    pub(crate) fn new() -> Self {
        Self::named("localhost")
    }

    /// Starts a server with this host name, which does not have to resolve.
    pub(crate) fn named(host: &str) -> Self {
        Self::with(host, &[host], (2020, 2100), rustls::DEFAULT_VERSIONS)
    }

    /// Starts a server whose certificate is for these names and years.
    pub(crate) fn with(
        host: &str,
        names: &[&str],
        years: (i32, i32),
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let issuer = issuer();
        let scheme = https(host, &certificate(&issuer, names, years), versions);
        let server = ScriptedServer::responding(&scheme, GRANT).unwrap();
        Self { issuer, scheme, server }
    }

    pub(crate) fn builder(&self) -> Builder {
        UreqTransport::builder().no_proxy().add_root_certificates_der(self.issuer.der())
    }

    pub(crate) fn transport(&self) -> UreqTransport {
        self.builder().build().unwrap()
    }

    /// Sends an exchange, and returns the body of the response.
    pub(crate) fn send(&self, transport: &UreqTransport) -> Result<Bytes, Error> {
        let sent = send(transport, exchange(self.server.origin()), Limits::default());
        sent.map(http::Response::into_body)
    }

    /// Sends an exchange through this proxy.
    pub(crate) fn send_by(&self, proxy: &str) -> Result<Bytes, Error> {
        self.send(&self.builder().proxy(proxy).build().unwrap())
    }
}

pub(crate) fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Creates a certificate for these names and years.
pub(crate) fn certificate(
    issuer: &CertifiedIssuer<'_, KeyPair>,
    names: &[&str],
    years: (i32, i32),
) -> CertifiedKey<KeyPair> {
    let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let signing_key = KeyPair::generate().unwrap();
    CertifiedKey { cert: params.signed_by(&signing_key, issuer).unwrap(), signing_key }
}

/// Returns the HTTPS scheme for this certificate.
pub(crate) fn https(
    host: &str,
    certified: &CertifiedKey<KeyPair>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Scheme {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    // C-18: an attacker can replay early data.
    config.max_early_data_size = 16 * 1024;
    let config = Arc::new(config);
    Scheme::https(host, move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        assert!(tls.early_data().is_none(), "early data arrived");
        Ok(StreamOwned::new(tls, tcp))
    })
}
