//! The settings of a transport.

use std::{fmt, future::Future, net::IpAddr, sync::Arc, time::Duration};

use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use openrouter_oauth_transport::BoxError;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{
    connector::Connector,
    proxy::Proxies,
    resolver::Resolver,
    tls::{DEFAULT_PROVIDER, Provider, Roots, Tls},
    transport::HyperTransport,
};

/// The head of a response, at most, or a little more since hyper looks between reads. It allows 100 headers.
const HEAD_LIMIT: usize = 64 * 1024;

const MAX_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The settings of a [`HyperTransport`].
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
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    resolver: Resolver,
    provider: Option<Provider>,
    roots: Option<Roots>,
    own_roots: RootCertStore,
    client_certificate: Option<ClientCertificate>,
    proxies: Option<Proxies>,
    error: Option<BuildError>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_millis(3_100),
            idle_timeout: Duration::from_secs(2),
            resolver: Resolver::system(),
            provider: None,
            roots: None,
            own_roots: RootCertStore::empty(),
            client_certificate: None,
            proxies: None,
            error: None,
        }
    }

    /// How long making a connection may take: looking its name up, TCP, what a proxy is asked
    /// and the TLS handshake together. By default
    /// 3.1 seconds, just over the second retransmission of a lost packet.
    ///
    /// It is an error of kind `Connect`: nothing was sent. `Limits::timeout` goes on beside it.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection that is not in use may be used again, a day at most. By default 2 seconds; zero makes a
    /// fresh connection for each request.
    ///
    /// A server may close a kept connection just when it is used again, and then nobody knows whether the request
    /// arrived. Servers keep connections for 5 seconds and more, so this short time leaves the reuse under load and
    /// avoids that race at rest.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        // Hyper adds it to the clock without a check.
        self.idle_timeout = timeout.min(MAX_IDLE_TIMEOUT);
        self
    }

    /// Looks host names up this way, that of a proxy too, within [`connect_timeout`](Self::connect_timeout). By default
    /// the operating system does. The addresses are tried in their order, those of IPv4 beside those of IPv6 (RFC 8305).
    ///
    /// `localhost` by plain `http` is never looked up, nor is what lies behind a proxy.
    ///
    /// ```
    /// use openrouter_oauth_transport_hyper::HyperTransport;
    ///
    /// # fn main() -> Result<(), openrouter_oauth_transport_hyper::BuildError> {
    /// let transport = HyperTransport::builder()
    ///     .resolver(|name| async move {
    ///         match name.as_str() {
    ///             "openrouter.ai" => Ok(vec!["192.0.2.1".parse()?]),
    ///             _ => Err("only one name is known here".into()),
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

    /// Trusts the certificates in this PEM text, and only these and others added: not what the system trusts.
    ///
    /// Text without a certificate, or with one that cannot be read, is the error of [`build`](Self::build).
    pub fn add_root_certificates_pem(self, pem: &[u8]) -> Self {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(certificates) if certificates.is_empty() => {
                self.fail(Setting::Root, "there is no certificate in the PEM text")
            }
            Ok(certificates) => certificates.into_iter().fold(self, Self::add_root),
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Trusts this one certificate in DER form, as [`add_root_certificates_pem`](Self::add_root_certificates_pem)
    /// does.
    pub fn add_root_certificates_der(self, der: &[u8]) -> Self {
        self.add_root(CertificateDer::from(der.to_vec()))
    }

    /// Trusts what the operating system trusts: the default. Certificates that are added take its place.
    #[cfg(feature = "platform-roots")]
    pub fn platform_roots(mut self) -> Self {
        self.roots = Some(Roots::Platform);
        self
    }

    /// Trusts Mozilla's list, which is compiled in: the default without `platform-roots`. Certificates that are added
    /// take its place.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.roots = Some(Roots::Webpki);
        self
    }

    /// Does TLS by aws-lc-rs, with post-quantum key exchange: the default without `ring`.
    #[cfg(feature = "aws-lc-rs")]
    pub fn aws_lc_rs(mut self) -> Self {
        self.provider = Some(rustls::crypto::aws_lc_rs::default_provider);
        self
    }

    /// Shows this certificate to a server that asks for one (RFC 8446, section 4.3.2): `chain` in PEM form, one's own
    /// certificate first, and its private `key` in PEM form (PKCS #8, SEC1 or PKCS #1). A proxy is not shown it.
    ///
    /// What cannot be read, or does not belong together, is the error of [`build`](Self::build). Neither that nor
    /// `Debug` prints the key. A server that does not accept the certificate may say so under TLS 1.3 only after the
    /// request has been written; then the error is of kind `Io`.
    pub fn client_certificate_pem(mut self, chain: &[u8], key: &[u8]) -> Self {
        match ClientCertificate::read(chain, key) {
            Ok(certificate) => {
                self.client_certificate = Some(certificate);
                self
            }
            Err(why) => self.fail(Setting::ClientCertificate, why),
        }
    }

    /// Reaches every `https` host through this proxy, whatever the environment says: by `http` or `https` with
    /// `CONNECT` (RFC 9110, section 9.3.6), or by `socks5` (RFC 1928), which looks host names up as `socks5h` does.
    /// Without a scheme it is `http`.
    ///
    /// Credentials stand in the URL, percent-encoded: `http://user:password@proxy.example:3128`. They go to the proxy
    /// only and are never printed. A URL that cannot be used is the error of [`build`](Self::build).
    ///
    /// `http` to this machine never goes through a proxy.
    pub fn proxy(mut self, url: &str) -> Self {
        match Proxies::given(url) {
            Ok(proxies) => {
                self.proxies = Some(proxies);
                self
            }
            Err(error) => self.fail(Setting::Proxy, error),
        }
    }

    /// Uses no proxy, whatever the environment says. By default the [environment's](crate#proxies) is used.
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::None);
        self
    }

    /// The transport. It opens nothing and reads no file; it reads the [environment](crate#proxies) for proxies.
    ///
    /// # Errors
    ///
    /// If a certificate that was added, or the URL of a proxy, cannot be used.
    pub fn build(mut self) -> Result<HyperTransport, BuildError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let provider = self.provider.or(DEFAULT_PROVIDER);
        let identity = match (self.client_certificate.take(), provider) {
            (Some(certificate), Some(provider)) => Some(certificate.load(provider)?),
            // Without TLS in this build, each request says so.
            _ => None,
        };
        Ok(self.connect(identity))
    }

    /// The transport, where nothing was set that could be wrong.
    pub(crate) fn connect(self, identity: Option<Arc<SingleCertAndKey>>) -> HyperTransport {
        let roots = if self.own_roots.is_empty() { self.roots } else { Some(Roots::Own(self.own_roots)) };
        let tls = Tls::new(self.provider, roots, identity);
        let proxies = self.proxies.unwrap_or_else(Proxies::environment);
        let connector = Connector::new(self.resolver, tls, proxies, self.connect_timeout);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .retry_canceled_requests(false)
            .http1_max_buf_size(HEAD_LIMIT)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout);
        if self.idle_timeout.is_zero() {
            client.pool_max_idle_per_host(0);
        }
        HyperTransport::from_client(client.build(connector))
    }

    fn add_root(mut self, certificate: CertificateDer<'_>) -> Self {
        match self.own_roots.add(certificate) {
            Ok(()) => self,
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Keeps the first error for `build`.
    fn fail(mut self, setting: Setting, source: impl Into<BoxError>) -> Self {
        self.error.get_or_insert(BuildError { setting, source: source.into() });
        self
    }
}

impl HyperTransport {
    /// A transport with the defaults of [`Builder`].
    ///
    /// Nothing is loaded yet: TLS is set up at the first `https` connection, and if that fails (no certificates on
    /// this machine), it is the error of that connection, and the next one tries again.
    pub fn new() -> Self {
        Builder::new().connect(None)
    }

    /// A transport with settings.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}

/// A certificate and its key.
struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    fn read(chain: &[u8], key: &[u8]) -> Result<Self, &'static str> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or("there is no certificate in the PEM text, or one that cannot be read")?;
        // The reader's error may repeat what it has read.
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = key.map_err(|_| "there is no private key in the PEM text, or one that cannot be read")?;
        Ok(Self { chain, key })
    }

    fn load(self, provider: Provider) -> Result<Arc<SingleCertAndKey>, BuildError> {
        let certified = CertifiedKey::from_der(self.chain, self.key, &provider());
        let certified = certified
            .map_err(|error| BuildError { setting: Setting::ClientCertificate, source: error.into() })?;
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// A setting cannot be used: a root certificate, a client certificate or its key, or the URL of a proxy.
#[derive(Debug)]
pub struct BuildError {
    setting: Setting,
    source: BoxError,
}

#[derive(Clone, Copy, Debug)]
enum Setting {
    Root,
    ClientCertificate,
    Proxy,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.setting {
            Setting::Root => "a root certificate could not be read",
            Setting::ClientCertificate => "the client certificate cannot be used",
            Setting::Proxy => "the URL of the proxy cannot be used",
        })
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
