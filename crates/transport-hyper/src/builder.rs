//! The settings of a transport.

use std::{fmt, time::Duration};

use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use openrouter_oauth_transport::BoxError;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    HyperTransport,
    connector::Connector,
    tls::{Provider, Roots, Tls},
};

/// The head of an answer, at most, or a little more since hyper looks between reads. It allows 100 headers.
const HEAD_BYTES: usize = 64 * 1024;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    provider: Option<Provider>,
    roots: Option<Roots>,
    own_roots: RootCertStore,
    error: Option<BuildError>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_millis(3_100),
            idle_timeout: Duration::from_secs(2),
            provider: None,
            roots: None,
            own_roots: RootCertStore::empty(),
            error: None,
        }
    }

    /// How long making a connection may take: looking its name up, TCP and the TLS handshake together. By default
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
        self.idle_timeout = timeout.min(DAY);
        self
    }

    /// Trusts the certificates in this PEM text, and only these and others added: not what the system trusts.
    ///
    /// Text without a certificate, or with one that cannot be read, is the error of [`build`](Self::build).
    pub fn add_root_certificates_pem(self, pem: &[u8]) -> Self {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(certificates) if certificates.is_empty() => {
                self.fail("there is no certificate in the PEM text")
            }
            Ok(certificates) => certificates.into_iter().fold(self, Self::add_root),
            Err(error) => self.fail(error),
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

    /// The transport. It opens nothing and reads no file.
    ///
    /// # Errors
    ///
    /// If a certificate that was added could not be read.
    pub fn build(mut self) -> Result<HyperTransport, BuildError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self.connect()),
        }
    }

    /// The transport, where nothing was set that could be wrong.
    pub(crate) fn connect(self) -> HyperTransport {
        let roots = if self.own_roots.is_empty() { self.roots } else { Some(Roots::Own(self.own_roots)) };
        let connector = Connector::new(Tls::new(self.provider, roots), self.connect_timeout);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .retry_canceled_requests(false)
            .http1_max_buf_size(HEAD_BYTES)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout);
        if self.idle_timeout.is_zero() {
            client.pool_max_idle_per_host(0);
        }
        HyperTransport::of(client.build(connector))
    }

    fn add_root(mut self, certificate: CertificateDer<'_>) -> Self {
        match self.own_roots.add(certificate) {
            Ok(()) => self,
            Err(error) => self.fail(error),
        }
    }

    /// Keeps the first error for `build`.
    fn fail(mut self, source: impl Into<BoxError>) -> Self {
        self.error.get_or_insert(BuildError { source: source.into() });
        self
    }
}

/// A root certificate could not be read.
#[derive(Debug)]
pub struct BuildError {
    source: BoxError,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a root certificate could not be read")
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
