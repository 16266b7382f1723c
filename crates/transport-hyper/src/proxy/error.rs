//! Why a proxy did not connect.

use std::{error::Error as StdError, fmt, io};

use openrouter_oauth_transport::ErrorKind;

/// Why a proxy did not connect.
#[derive(Debug)]
pub(crate) enum ProxyError {
    /// What this variable holds is not the URL of a proxy.
    Unusable(&'static str),
    /// The connection broke.
    Broken(io::Error),
    /// It asks for credentials, or does not take those it got.
    Credentials,
    /// It responded with this status.
    Status(u16),
    /// It responded with this code (RFC 1928, section 6).
    Socks(u8),
    /// Its response does not end.
    TooLarge,
    /// Its response is none.
    Garbled,
    /// SOCKS5 has no room for a host name as long as this.
    Host,
}

impl ProxyError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials => ErrorKind::ProxyAuth,
            // The next try would end the same.
            Self::Unusable(_) | Self::Host => ErrorKind::Other,
            _ => ErrorKind::Proxy,
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(name) => {
                write!(f, "{name} is not the URL of a proxy by `http`, `https` or `socks5`")
            }
            Self::Broken(_) => f.write_str("the connection to the proxy broke"),
            Self::Credentials => f.write_str("the proxy did not accept the credentials, or there were none"),
            Self::Status(status) => write!(f, "the proxy responded with status {status}"),
            Self::Socks(code) => write!(f, "the proxy responded with code {code} of SOCKS5"),
            Self::TooLarge => f.write_str("the proxy's response is too large"),
            Self::Garbled => f.write_str("the proxy's response makes no sense"),
            Self::Host => f.write_str("the host name is too long for SOCKS5"),
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

impl From<io::Error> for ProxyError {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
