//! The settings of a transport.

use std::fmt;

use openrouter_oauth_transport::{
    BoxError, PlainHttpHost,
    parts::{Proxies, Proxy},
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use ureq::tls::{Certificate, RootCerts};

use crate::{exchange::Exchanger, transport::UreqTransport};

/// A builder for a [`UreqTransport`].
///
/// ```
/// use openrouter_oauth_transport_ureq::UreqTransport;
///
/// # fn main() -> Result<(), openrouter_oauth_transport_ureq::BuildError> {
/// let transport = UreqTransport::builder().proxy("http://proxy.example:3128").build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    roots: Option<RootCerts>,
    own_roots: Vec<Certificate<'static>>,
    proxies: Option<Proxies>,
    http_host: Option<PlainHttpHost>,
    error: Option<BuildError>,
}

impl Builder {
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
            Ok(certificates) => certificates
                .iter()
                .fold(self, |builder, certificate| builder.add_root_certificates_der(certificate.as_ref())),
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Adds one root certificate in DER form, like [`add_root_certificates_pem`](Self::add_root_certificates_pem).
    pub fn add_root_certificates_der(mut self, der: &[u8]) -> Self {
        // ureq ignores certificates that rustls cannot parse.
        match RootCertStore::empty().add(CertificateDer::from(der)) {
            Ok(()) => {
                self.own_roots.push(Certificate::from_der(der).to_owned());
                self
            }
            Err(error) => self.fail(Setting::Root, error),
        }
    }

    /// Trusts the operating system's root certificates (the default). Added certificates replace them.
    #[cfg(feature = "platform-roots")]
    pub fn platform_roots(mut self) -> Self {
        self.roots = Some(RootCerts::PlatformVerifier);
        self
    }

    /// Trusts Mozilla's root certificates, which are compiled in (the default without `platform-roots`). Added
    /// certificates replace them.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.roots = Some(RootCerts::WebPki);
        self
    }

    /// Connects to every `https` host through this proxy, and ignores the environment.
    ///
    /// The crate documentation lists the [schemes](crate#proxies). Put percent-encoded credentials into the URL:
    /// `http://user:password@proxy.example:3128`. The transport sends them only to the proxy, and never prints them. If
    /// the URL is invalid, [`build`](Self::build) returns an error.
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
    /// **Everyone on the way can read and change the requests and responses, including keys.** Use it only where no
    /// real key is sent, such as with an emulator in another container.
    ///
    /// `host` is a name or an IP address without a port, with an IPv6 address in brackets. It matches only the same
    /// text, in uppercase or lowercase, on any port. Another call replaces it. These connections are always direct. If
    /// `host` is not a host, or if it is `openrouter.ai` or a subdomain of it, [`build`](Self::build) returns an error.
    /// See [`PlainHttpHost::parse`].
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
    /// Returns an error if a certificate, the URL of a proxy, or the host for plain `http` is invalid.
    pub fn build(mut self) -> Result<UreqTransport, BuildError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self.connect()),
        }
    }

    /// Creates the transport from settings that are known to be valid.
    fn connect(self) -> UreqTransport {
        let roots = if self.own_roots.is_empty() {
            self.roots.or(DEFAULT_ROOTS)
        } else {
            Some(RootCerts::from(self.own_roots))
        };
        let proxies = self.proxies.unwrap_or_else(Proxies::from_environment);
        UreqTransport::from_exchanger(Exchanger::new(roots, proxies, self.http_host))
    }

    /// Records the first error, for `build` to return.
    fn fail(mut self, setting: Setting, source: impl Into<BoxError>) -> Self {
        self.error.get_or_insert(BuildError { setting, source: source.into() });
        self
    }
}

#[cfg(feature = "platform-roots")]
const DEFAULT_ROOTS: Option<RootCerts> = Some(RootCerts::PlatformVerifier);
#[cfg(all(feature = "webpki-roots", not(feature = "platform-roots")))]
const DEFAULT_ROOTS: Option<RootCerts> = Some(RootCerts::WebPki);
#[cfg(not(any(feature = "platform-roots", feature = "webpki-roots")))]
const DEFAULT_ROOTS: Option<RootCerts> = None;

impl UreqTransport {
    /// Creates a transport with the default settings of [`Builder`].
    ///
    /// The first `https` connection sets up TLS. If that fails, for example because this machine has no root
    /// certificates, the request fails, and the next `https` connection retries the setup.
    pub fn new() -> Self {
        Self::builder().connect()
    }

    /// Returns a builder for a transport.
    pub fn builder() -> Builder {
        Builder { roots: None, own_roots: Vec::new(), proxies: None, http_host: None, error: None }
    }
}

impl Default for UreqTransport {
    fn default() -> Self {
        Self::new()
    }
}

/// The error of [`Builder::build`]: a root certificate, the URL of a proxy, or the host for plain `http` is invalid.
#[derive(Debug)]
pub struct BuildError {
    setting: Setting,
    source: BoxError,
}

#[derive(Clone, Copy, Debug)]
enum Setting {
    Root,
    Proxy,
    HttpHost,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.setting {
            Setting::Root => "invalid root certificate",
            Setting::Proxy => "invalid proxy URL",
            Setting::HttpHost => "invalid host for plain http",
        })
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
