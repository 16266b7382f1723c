//! The error of the connector.

use std::{error::Error as StdError, io, iter};

use openrouter_oauth_transport::{
    BoxError, Error, ErrorKind,
    parts::{Proxy, ProxyError},
};
use rustls::CertificateError;

/// The error of the connector. Nothing was sent.
#[derive(Debug)]
pub(crate) struct ConnectError {
    kind: ErrorKind,
    source: BoxError,
}

impl ConnectError {
    pub(crate) fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into() }
    }

    /// Converts an error of a handshake. A rustls error becomes [`ErrorKind::Tls`]; any other error becomes `kind`.
    pub(crate) fn from_handshake(kind: ErrorKind, source: BoxError) -> Self {
        Self::new(if is_tls(&*source) { ErrorKind::Tls } else { kind }, source)
    }

    pub(crate) fn from_proxy(error: ProxyError) -> Self {
        Self::new(error.kind(), error)
    }

    /// Adds the name of the proxy through which the connection failed.
    pub(crate) fn through(self, proxy: &Proxy) -> Self {
        Self::new(self.kind, proxy.explain(self.source))
    }

    /// Puts another error in front of the source.
    pub(crate) fn explained<E>(self, explain: impl FnOnce(BoxError) -> E) -> Self
    where
        E: StdError + Send + Sync + 'static,
    {
        Self::new(self.kind, explain(self.source))
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
