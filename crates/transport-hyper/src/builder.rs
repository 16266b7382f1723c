//! The settings of a transport.

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use openrouter_oauth_transport::{
    BoxError, PlainHttpHost,
    parts::{Proxies, Proxy},
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
    sign::SingleCertAndKey,
};

use crate::{
    build_error::{BuildError, Setting},
    client_certificate::ClientCertificate,
    connector::Connector,
    pool::Pool,
    resolver::Resolver,
    tls::{DEFAULT_PROVIDER, Provider, Roots, Tls},
    transport::HyperTransport,
};

/// A builder for a [`HyperTransport`].
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_transport_hyper::HyperTransport;
///
/// # fn main() -> Result<(), openrouter_oauth_transport_hyper::BuildError> {
/// let transport = HyperTransport::builder()
///     .connect_timeout(Duration::from_secs(1))
///     .idle_timeout(Duration::ZERO)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_connections: usize,
    resolver: Resolver,
    provider: Option<Provider>,
    roots: Option<Roots>,
    own_roots: RootCertStore,
    client_certificate: Option<ClientCertificate>,
    proxies: Option<Proxies>,
    http_host: Option<PlainHttpHost>,
    error: Option<BuildError>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_millis(3_100),
            idle_timeout: Duration::from_secs(2),
            max_connections: 256,
            resolver: Resolver::system(),
            provider: None,
            roots: None,
            own_roots: RootCertStore::empty(),
            client_certificate: None,
            proxies: None,
            http_host: None,
            error: None,
        }
    }

    /// Sets the timeout for establishing a connection: the name lookup, TCP, the proxy, and the TLS handshake together.
    ///
    /// The default is 3.1 seconds, enough for TCP to retransmit a lost packet twice (after 1 and 3 seconds). On
    /// timeout, the error is of kind `Connect`, and nothing was sent. `Limits::timeout` still covers the whole request.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long to keep an idle connection for reuse. Zero opens a connection for each request.
    ///
    /// The default is 2 seconds. A server may close an idle connection just as the client reuses it, and then the
    /// client cannot tell whether the request arrived. The default avoids this race with servers that keep idle
    /// connections for longer than 2 seconds, and still reuses connections under load.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how many connections to one origin can be in use or idle at once, at least 1. The default is 256.
    ///
    /// Further requests wait, first come, first served. Requests to other origins do not wait. Connections that are
    /// being closed do not count.
    ///
    /// A request that is still waiting when only half of its [`Limits::timeout`] is left, or 5 seconds if that is less,
    /// fails with `Timeout` and was not sent. If it were sent with little time left, its response would often come too
    /// late.
    ///
    /// [`Limits::timeout`]: openrouter_oauth_transport::Limits::timeout
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets the function that resolves host names, including a proxy's. By default, the operating system resolves them.
    ///
    /// The lookup counts toward [`connect_timeout`](Self::connect_timeout). The transport tries the addresses in order,
    /// IPv4 and IPv6 in parallel (RFC 8305). It never looks up `localhost` for plain `http`, or a host behind a proxy.
    ///
    /// ```
    /// use openrouter_oauth_transport_hyper::HyperTransport;
    ///
    /// # fn main() -> Result<(), openrouter_oauth_transport_hyper::BuildError> {
    /// let transport = HyperTransport::builder()
    ///     .resolver(|name| async move {
    ///         match name.as_str() {
    ///             "openrouter.ai" => Ok(vec!["192.0.2.1".parse()?]),
    ///             _ => Err("unknown host".into()),
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolver<F, Fut>(mut self, lookup: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<IpAddr>, BoxError>> + Send + 'static,
    {
        self.resolver = Resolver::own(lookup);
        self
    }

    /// Adds root certificates from PEM text. The transport then trusts only added certificates, not those of the
    /// system.
    ///
    /// If the text contains no certificate, or an invalid one, [`build`](Self::build) returns an error.
    pub fn add_root_certificates_pem(self, pem: &[u8]) -> Self {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(certificates) if certificates.is_empty() => {
                self.fail(Setting::Root, "the PEM text contains no certificate")
            }
            Ok(certificates) => certificates.into_iter().fold(self, Self::add_root),
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Adds one root certificate in DER form, like [`add_root_certificates_pem`](Self::add_root_certificates_pem).
    pub fn add_root_certificates_der(self, der: &[u8]) -> Self {
        self.add_root(CertificateDer::from(der.to_vec()))
    }

    /// Trusts the operating system's root certificates (the default). Added certificates replace them.
    #[cfg(feature = "platform-roots")]
    pub fn platform_roots(mut self) -> Self {
        self.roots = Some(Roots::Platform);
        self
    }

    /// Trusts Mozilla's root certificates, which are compiled in (the default without `platform-roots`). Added
    /// certificates replace them.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.roots = Some(Roots::Webpki);
        self
    }

    /// Uses aws-lc-rs for TLS, with post-quantum key exchange (the default without `ring`).
    #[cfg(feature = "aws-lc-rs")]
    pub fn aws_lc_rs(mut self) -> Self {
        self.provider = Some(rustls::crypto::aws_lc_rs::default_provider);
        self
    }

    /// Sets the client certificate for servers that request one (RFC 8446, section 4.3.2). The transport never sends it
    /// to a proxy.
    ///
    /// `chain` is in PEM form, and starts with the client's own certificate. `key` is its private key in PEM form
    /// (SEC1, PKCS #1, or PKCS #8). If they are invalid or do not match, [`build`](Self::build) returns an error.
    /// Neither the error nor `Debug` shows the key.
    ///
    /// With TLS 1.3, a server may reject the certificate after the request was written. The error is then of kind `Io`.
    pub fn client_certificate_pem(mut self, chain: &[u8], key: &[u8]) -> Self {
        match ClientCertificate::read(chain, key) {
            Ok(certificate) => {
                self.client_certificate = Some(certificate);
                self
            }
            Err(why) => self.fail(Setting::ClientCertificate, why),
        }
    }

    /// Connects to every `https` host through this proxy, and ignores the environment.
    ///
    /// The scheme is `http` (the default) or `https` for `CONNECT` (RFC 9110, section 9.3.6), or `socks5` or `socks5h`
    /// for SOCKS5 (RFC 1928). Both SOCKS schemes resolve host names at the proxy.
    ///
    /// Put percent-encoded credentials into the URL: `http://user:password@proxy.example:3128`. The transport sends
    /// them only to the proxy, and never prints them. If the URL is invalid, [`build`](Self::build) returns an error.
    ///
    /// Requests over `http` to this machine never go through a proxy.
    pub fn proxy(mut self, url: &str) -> Self {
        match Proxy::parse(url) {
            Ok(proxy) => {
                self.proxies = Some(Proxies::all(proxy));
                self
            }
            Err(error) => self.fail(Setting::Proxy, error),
        }
    }

    /// Disables proxies. By default, the transport uses the proxy of the [environment](crate#proxies).
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::none());
        self
    }

    /// Allows plain `http` to this host, in addition to loopback hosts, for a test network.
    ///
    /// **Everyone on the way can read and change the requests and responses, including keys.** Use it only where no real
    /// key is sent, such as with an emulator in another container.
    ///
    /// `host` is a name or an IP address without a port, with an IPv6 address in brackets. It matches only the same text,
    /// in uppercase or lowercase, on any port. Another call replaces it. These connections are always direct: they use
    /// no proxy, neither the environment's nor that of [`proxy`](Self::proxy). If `host` is not a host, or if it is
    /// `openrouter.ai` or a subdomain of it, [`build`](Self::build) returns an error. See [`PlainHttpHost::parse`].
    pub fn dangerously_allow_http(mut self, host: &str) -> Self {
        match PlainHttpHost::parse(host) {
            Ok(host) => {
                self.http_host = Some(host);
                self
            }
            Err(error) => self.fail(Setting::HttpHost, error),
        }
    }

    /// Builds the transport. Reads the proxy variables of the [environment](crate#proxies), but opens no files and no
    /// connections.
    ///
    /// # Errors
    ///
    /// Returns an error if a certificate, its key, the URL of a proxy, or the host for plain `http` is invalid.
    pub fn build(mut self) -> Result<HyperTransport, BuildError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let provider = self.provider.or(DEFAULT_PROVIDER);
        let identity = match (self.client_certificate.take(), provider) {
            (Some(certificate), Some(provider)) => Some(certificate.load(provider)?),
            // If this build has no TLS provider, each request returns an error.
            _ => None,
        };
        Ok(self.connect(identity))
    }

    /// Creates the transport from settings that are known to be valid.
    pub(crate) fn connect(self, identity: Option<Arc<SingleCertAndKey>>) -> HyperTransport {
        let roots = if self.own_roots.is_empty() { self.roots } else { Some(Roots::Own(self.own_roots)) };
        let tls = Tls::new(self.provider, roots, identity);
        let proxies = self.proxies.unwrap_or_else(Proxies::from_environment);
        let connector = Connector::new(self.resolver, tls, proxies, self.connect_timeout);
        HyperTransport::from_pool(Pool::new(
            connector,
            self.http_host,
            self.max_connections,
            self.idle_timeout,
        ))
    }

    fn add_root(mut self, certificate: CertificateDer<'_>) -> Self {
        match self.own_roots.add(certificate) {
            Ok(()) => self,
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Records the first error, for `build` to return.
    fn fail(mut self, setting: Setting, source: impl Into<BoxError>) -> Self {
        self.error.get_or_insert(BuildError::new(setting, source));
        self
    }
}

impl HyperTransport {
    /// Creates a transport with the default settings of [`Builder`].
    ///
    /// The first `https` connection sets up TLS. If that fails, for example because this machine has no root
    /// certificates, the request fails, and the next `https` connection retries the setup.
    pub fn new() -> Self {
        Builder::new().connect(None)
    }

    /// Returns a builder for a transport.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}
