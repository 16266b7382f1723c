//! The error of the connector.

use std::{error::Error as StdError, fmt, io, iter, sync::Arc};

use openrouter_oauth_transport::{BoxError, Error, ErrorKind};
use rustls::CertificateError;

use crate::proxy::{Proxy, ProxyError};

/// The error of the connector. It is cheap to clone, because hyper's client provides only a reference to it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectError {
    kind: ErrorKind,
    source: Source,
}

pub(crate) type Source = Arc<dyn StdError + Send + Sync>;

impl ConnectError {
    pub(crate) fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        let source = Arc::from(source.into());
        Self { kind, source }
    }

    /// Converts an error from connecting. A rustls error becomes [`ErrorKind::Tls`]; any other error becomes `kind`.
    pub(crate) fn from_source(kind: ErrorKind, source: BoxError) -> Self {
        match source.downcast::<Self>() {
            Ok(known) => *known,
            Err(source) if is_tls(&*source) => Self::new(ErrorKind::Tls, source),
            Err(source) => Self::new(kind, source),
        }
    }

    pub(crate) fn from_proxy(error: ProxyError) -> Self {
        Self::new(error.kind(), error)
    }

    /// Adds the name of the proxy through which the connection failed.
    pub(crate) fn through(self, proxy: &Proxy) -> Self {
        self.explained(|source| ThroughProxy { proxy: proxy.name(), source })
    }

    /// Puts another error in front of the source.
    pub(crate) fn explained<E>(self, explain: impl FnOnce(Source) -> E) -> Self
    where
        E: StdError + Send + Sync + 'static,
    {
        Self { kind: self.kind, source: Arc::new(explain(self.source)) }
    }

    /// Returns whether no trusted root certificate signed the certificate of the server or the proxy.
    pub(crate) fn is_untrusted(&self) -> bool {
        let first: &(dyn StdError + 'static) = &*self.source;
        let mut errors = iter::successors(Some(first), |error| (*error).source());
        errors.any(|error| match find(error) {
            Some(rustls::Error::InvalidCertificate(error)) => {
                // The signature is wrong if another root has the same name.
                matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature)
            }
            _ => false,
        })
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::new(error.kind, error.source).not_sent()
    }
}

fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    find::<rustls::Error>(error).is_some() || find::<rustls::pki_types::InvalidDnsNameError>(error).is_some()
}

/// Returns this error as an `E`, or the `E` that an I/O error contains. `source` of an I/O error would skip it.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let inner = || find(error.downcast_ref::<io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(inner)
}

/// The connection through a proxy failed. The name has no credentials.
#[derive(Debug)]
struct ThroughProxy {
    proxy: String,
    source: Source,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection through the proxy {} failed", self.proxy)
    }
}

impl StdError for ThroughProxy {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}
