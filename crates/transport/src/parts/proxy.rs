//! A proxy, and the handshake with it.

use std::{error::Error as StdError, fmt, sync::Arc};

use http::{Uri, uri::Authority};

use super::{byte_stream::ByteStream, connect, credentials::Credentials, proxy_error::ProxyError, socks};
use crate::BoxError;

/// A proxy that opens connections: with `CONNECT` (RFC 9110, section 9.3.6), or with SOCKS5 (RFC 1928).
///
/// `Debug` does not show the credentials.
#[derive(Clone)]
pub struct Proxy {
    uri: Uri,
    is_socks: bool,
    credentials: Option<Arc<Credentials>>,
}

impl Proxy {
    /// Parses the URL of a proxy. Its scheme is `http` (the default), `https`, `socks5`, or `socks5h`. Credentials in
    /// it are percent-encoded.
    ///
    /// # Errors
    ///
    /// If the URL has another scheme, no host, or a path. For `http` and `https`, if the user name has a colon, which
    /// HTTP cannot express. For SOCKS5, if the user name or the password has more than 255 bytes.
    pub fn parse(url: &str) -> Result<Self, InvalidProxyUrl> {
        parsed(url).ok_or(InvalidProxyUrl)
    }

    /// Returns the URL to connect to: `https` for a proxy with TLS, otherwise `http`. It has a port, but no
    /// credentials.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the host and port, for error messages. They contain no credentials.
    pub fn name(&self) -> &str {
        self.uri.authority().map_or("", Authority::as_str)
    }

    /// Returns whether the connection to the proxy uses TLS.
    pub fn uses_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Asks the proxy at the other end of `stream` to connect to the host of `target`, an `https` URL.
    ///
    /// Then `stream` is a connection to that host, still without TLS. The proxy resolves the host name. Only the proxy
    /// gets the credentials.
    ///
    /// # Errors
    ///
    /// If the proxy does not connect, or if `target` has no host. Nothing of a request was sent.
    pub async fn open<S: ByteStream>(&self, stream: &mut S, target: &Uri) -> Result<(), ProxyError> {
        let host = target.host().filter(|host| !host.is_empty()).ok_or(ProxyError::Host)?;
        let port = target.port_u16().unwrap_or(443);
        let credentials = self.credentials.as_deref();
        if self.is_socks {
            socks::open(stream, host, port, credentials).await
        } else {
            connect::open(stream, host, port, credentials).await
        }
    }

    /// Returns an error with this cause which says that the connection through this proxy failed. It contains no
    /// credentials.
    pub fn explain(&self, cause: impl Into<BoxError>) -> BoxError {
        ThroughProxy { name: self.name().to_owned(), cause: cause.into() }.into()
    }
}

fn parsed(url: &str) -> Option<Proxy> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (is_socks, scheme, default_port) = match &*scheme.to_ascii_lowercase() {
        "http" => (false, "http", 80),
        "https" => (false, "https", 443),
        "socks5" | "socks5h" => (true, "http", socks::PORT),
        _ => return None,
    };
    let authority: Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
    let (user_info, host) = match authority.as_str().split_once('@') {
        Some((user_info, host)) => (Some(user_info), host),
        None => (None, authority.as_str()),
    };
    let host = host.parse().ok().filter(is_host_and_port)?;
    let credentials = user_info.map(Credentials::decode);
    let fit = if is_socks { socks::fits } else { Credentials::fit_basic };
    if credentials.as_ref().is_some_and(|credentials| !fit(credentials)) {
        return None;
    }
    let name = format!("{}:{}", host.host(), host.port_u16().unwrap_or(default_port));
    Some(Proxy {
        uri: Uri::builder().scheme(scheme).authority(name).path_and_query("/").build().ok()?,
        is_socks,
        credentials: credentials.map(Arc::new),
    })
}

/// Returns whether this is only a host with an optional port. If a password has an unencoded `@`, its rest would
/// otherwise be printed as part of the host.
fn is_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host);
    let port = authority.port_u16().map(|port| format!(":{port}"));
    !host.is_empty() && rest == Some(port.as_deref().unwrap_or_default())
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("uri", &self.uri)
            .field("is_socks", &self.is_socks)
            .finish_non_exhaustive()
    }
}

/// The error of [`Proxy::parse`]. It does not contain the URL, which may contain a password.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidProxyUrl;

impl fmt::Display for InvalidProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected `http`, `https`, or `socks5` and a host without a path; for `http` and `https` a user name without a \
             colon; for `socks5` a user name and a password of at most 255 bytes each",
        )
    }
}

impl StdError for InvalidProxyUrl {}

/// The connection through a proxy failed.
#[derive(Debug)]
struct ThroughProxy {
    name: String,
    cause: BoxError,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection through the proxy {} failed", self.name)
    }
}

impl StdError for ThroughProxy {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_url_has_a_known_scheme_and_a_host() {
        for (url, expected) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("us3r:s3cret@proxy.example", "http://proxy.example:80/"),
            ("HTTPS://proxy.example/", "https://proxy.example:443/"),
            ("http://user:p%40ss@[::1]:3128", "http://[::1]:3128/"),
            ("socks5://proxy.example", "http://proxy.example:1080/"),
            ("socks5h://user:pass@proxy.example:9050", "http://proxy.example:9050/"),
        ] {
            let proxy = Proxy::parse(url).unwrap();
            assert_eq!(proxy.uri().to_string(), expected, "{url}");
            assert_eq!(Some(proxy.name()), expected.split('/').nth(2), "{url}");
            assert_eq!(proxy.uses_tls(), expected.starts_with("https"), "{url}");
        }
        let too_long = format!("socks5://{}:pass@proxy.example", "u".repeat(256));
        for url in [
            "",
            " ",
            "/",
            "http://",
            "socks4://proxy.example",
            "ftp://proxy.example",
            "http://:80",
            "http://user:p@ss@proxy.example",
            "http://us%3Aer:pass@proxy.example",
            "http://user:pass#word@proxy.example",
            "http://user:12/34@proxy.example",
            "http://user:12?34@proxy.example",
            "https://proxy.example/path",
            "http://proxy.example:port",
            &too_long,
        ] {
            assert!(Proxy::parse(url).is_err(), "{url}");
        }
        assert!(Proxy::parse(&too_long.replace("socks5", "http")).is_ok());
    }

    #[test]
    fn credentials_are_not_printed() {
        // C-17, S-1
        for url in ["http://us3r:s3cret@proxy.example", "socks5://us3r:s3cret@proxy.example"] {
            let proxy = Proxy::parse(url).unwrap();
            let printed = format!("{proxy:?} {:?}", proxy.explain("refused"));
            assert!(printed.contains("proxy.example"), "{printed}");
            assert!(!printed.contains("us3r") && !printed.contains("s3cret"), "{printed}");
        }
    }
}
