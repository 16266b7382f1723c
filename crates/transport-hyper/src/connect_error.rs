//! The error of the connector.

use std::{fmt, io, sync::Arc};

use openrouter_oauth_transport::{BoxError, Error, ErrorKind};

use crate::proxy::ProxyError;

/// The error of the connector. It is cheap to clone, because hyper's client provides only a reference to it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectError {
    kind: ErrorKind,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

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

    pub(crate) fn to_error(&self) -> Error {
        Error::new(self.kind, Arc::clone(&self.source)).not_sent()
    }
}

fn is_tls(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    if error.is::<rustls::Error>() || error.is::<rustls::pki_types::InvalidDnsNameError>() {
        return true;
    }
    // `source` of an I/O error skips the error inside it.
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(is_tls)
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
