//! The error of a proxy.

use std::{error::Error as StdError, fmt, io};

use crate::{Error, ErrorKind};

/// The error for a failed connection through a proxy. Nothing of a request was sent.
///
/// It contains no text of the proxy.
#[non_exhaustive]
#[derive(Debug)]
pub enum ProxyError {
    /// The environment variable with this name is not a valid proxy URL.
    UnusableVariable(&'static str),
    /// The connection to the proxy broke.
    Broken(io::Error),
    /// The proxy requires credentials, or rejected them.
    Credentials,
    /// The proxy requires authentication, but accepts no credentials from its URL. It offers these schemes, if it
    /// offers any that we know.
    Schemes(Vec<&'static str>),
    /// The proxy responded with this HTTP status.
    Status(u16),
    /// The proxy responded with this SOCKS5 code (RFC 1928, section 6).
    Socks(u8),
    /// The proxy's response is too large.
    TooLarge,
    /// The proxy's response is malformed.
    Malformed,
    /// The URL has no host, or one that is too long for SOCKS5.
    Host,
}

impl ProxyError {
    /// Returns the kind of the error that [`Error::from`] creates.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials => ErrorKind::ProxyAuth,
            Self::Schemes(_) => ErrorKind::ProxyAuthUnsupported,
            // A retry would fail the same way.
            Self::UnusableVariable(_) | Self::Host => ErrorKind::Other,
            _ => ErrorKind::Proxy,
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnusableVariable(name) => {
                write!(f, "{name} is not a valid `http`, `https`, or `socks5` proxy URL")
            }
            Self::Broken(_) => f.write_str("the connection to the proxy broke"),
            Self::Credentials => f.write_str("the proxy requires credentials, or rejected them"),
            Self::Schemes(names) if names.is_empty() => {
                f.write_str("the proxy offers no authentication scheme that this transport supports")
            }
            Self::Schemes(names) => write!(f, "the proxy offers only {} authentication", names.join(" and ")),
            Self::Status(status) => write!(f, "the proxy responded with status {status}"),
            Self::Socks(code) => write!(f, "the proxy responded with SOCKS5 code {code}"),
            Self::TooLarge => f.write_str("the proxy's response is too large"),
            Self::Malformed => f.write_str("the proxy's response is malformed"),
            Self::Host => f.write_str("the URL has no host, or one that is too long for SOCKS5"),
        }
    }
}

impl StdError for ProxyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Broken(error) => Some(error),
            _ => None,
        }
    }
}

/// Creates the transport's error, marked as [`not_sent`](Error::not_sent).
impl From<ProxyError> for Error {
    fn from(error: ProxyError) -> Self {
        Self::new(error.kind(), error).not_sent()
    }
}

impl From<io::Error> for ProxyError {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
