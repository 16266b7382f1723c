//! An HTTPS server for tests of proxies and resolvers.

use std::{io, sync::Arc};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, Limits, Transport};
use openrouter_oauth_transport_hyper::{Builder, HyperTransport};
use rcgen::{CertifiedIssuer, CertifiedKey, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};

use crate::{
    server::{GRANT, Scheme, ScriptedServer, exchange},
    tls::{issuer, signed_by_for},
};

/// A server that responds to every request with [`GRANT`]. [`Origin::builder`] trusts its certificate.
pub(crate) struct Origin {
    pub(crate) issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) server: ScriptedServer,
}

impl Origin {
    pub(crate) fn new() -> Self {
        Self::named("localhost")
    }

    /// Starts a server with this host name, which does not have to resolve.
    pub(crate) fn named(host: &str) -> Self {
        let issuer = issuer();
        let scheme = https_with(host, tls_config(&signed_by_for(&issuer, &[host])));
        Self { issuer, server: ScriptedServer::responding(&scheme, GRANT).unwrap() }
    }

    pub(crate) fn builder(&self) -> Builder {
        HyperTransport::builder().add_root_certificates_der(self.issuer.der())
    }

    pub(crate) async fn send(&self, transport: &HyperTransport) -> Result<Bytes, Error> {
        send(transport, &self.server).await
    }

    /// Sends a request through this proxy.
    pub(crate) async fn send_by(&self, proxy: &str) -> Result<Bytes, Error> {
        self.send(&self.builder().proxy(proxy).build().unwrap()).await
    }
}

/// Sends an exchange, and returns the body of the response.
pub(crate) async fn send(transport: &HyperTransport, server: &ScriptedServer) -> Result<Bytes, Error> {
    let sent = transport.send(exchange(server.origin()), Limits::default()).await;
    sent.map(http::Response::into_body)
}

/// Returns the server configuration for this certificate, with the default TLS versions.
pub(crate) fn tls_config(certified: &CertifiedKey<KeyPair>) -> ServerConfig {
    tls_config_of(certified, rustls::DEFAULT_VERSIONS)
}

/// Like [`tls_config`], with these TLS versions.
pub(crate) fn tls_config_of(
    certified: &CertifiedKey<KeyPair>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap()
}

/// Returns the HTTPS scheme for this configuration.
pub(crate) fn https_with(host: &str, config: ServerConfig) -> Scheme {
    let config = Arc::new(config);
    Scheme::https(host, move |mut tcp| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut tcp)?;
        assert!(tls.early_data().is_none(), "early data arrived");
        Ok(StreamOwned::new(tls, tcp))
    })
}
