//! The scheme, host, and port of a request's URL, and which of them are allowed.

use std::{
    fmt, mem,
    net::{Ipv4Addr, Ipv6Addr},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Uri, Version,
    header::HOST,
    uri::{Parts, PathAndQuery},
};

/// An origin that requests can go to.
pub(crate) struct Origin {
    pub(crate) security: Security,
    /// The scheme and authority, with the path `/`.
    pub(crate) uri: Uri,
    /// The `Host` header: the host, and the port if it is not the default one.
    host: HeaderValue,
}

/// How requests to an origin stay private.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Security {
    /// TLS to any host.
    Https,
    /// Plain text to this machine.
    Loopback,
}

impl Security {
    fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Loopback => 80,
        }
    }
}

impl Origin {
    pub(crate) fn from_uri(uri: &Uri) -> Result<Self, UnsupportedRequest> {
        let (security, host) = match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(host)) => (Security::Https, host),
            (Some("http"), Some(host)) if is_loopback(host) => (Security::Loopback, host),
            (Some("http"), Some(_)) => return Err(UnsupportedRequest::PlainText),
            (Some(_), Some(_)) => return Err(UnsupportedRequest::Scheme),
            _ => return Err(UnsupportedRequest::Relative),
        };
        let port = uri.port_u16().filter(|port| *port != security.default_port());
        let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut parts = Parts::default();
        parts.scheme = uri.scheme().cloned();
        parts.authority = uri.authority().cloned();
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Ok(Self {
            security,
            uri: Uri::from_parts(parts).map_err(|_| UnsupportedRequest::Relative)?,
            host: HeaderValue::try_from(host).map_err(|_| UnsupportedRequest::Relative)?,
        })
    }

    /// Returns whether a URL has this origin.
    pub(crate) fn contains(&self, uri: &Uri) -> bool {
        uri.scheme() == self.uri.scheme()
            && (uri.authority() == self.uri.authority() || self.place(uri) == self.place(&self.uri))
    }

    /// Returns the host in lowercase, and the port.
    fn place(&self, uri: &Uri) -> (Option<String>, u16) {
        (uri.host().map(str::to_ascii_lowercase), uri.port_u16().unwrap_or(self.security.default_port()))
    }

    /// Adds the `Host` header, and removes the origin from the URL (RFC 9112, section 3.2.1).
    pub(crate) fn address(&self, request: &mut Request<Bytes>) -> Result<(), UnsupportedRequest> {
        // Hyper would panic, or wait for an upgrade.
        let is_supported = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
        if !is_supported || request.method() == Method::CONNECT {
            return Err(UnsupportedRequest::Protocol);
        }
        request.headers_mut().entry(HOST).or_insert_with(|| self.host.clone());
        let url = mem::take(request.uri_mut()).into_parts();
        *request.uri_mut() = url.path_and_query.map(Uri::from).unwrap_or_default();
        Ok(())
    }
}

/// The error for a request that the transport rejects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UnsupportedRequest {
    /// The URL is `http` to another machine.
    PlainText,
    /// The URL is neither `https` nor `http`.
    Scheme,
    /// The URL has no scheme or no host.
    Relative,
    /// Neither HTTP/1.1 nor HTTP/1.0, or the method `CONNECT`.
    Protocol,
}

impl fmt::Display for UnsupportedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlainText => {
                "`http` is allowed only to this machine (127.0.0.0/8, [::1], localhost); use `https`"
            }
            Self::Scheme => "the scheme of the URL is not `https`",
            Self::Relative => "the URL has no scheme or no host",
            Self::Protocol => "the request is not HTTP/1.1 or HTTP/1.0, or its method is `CONNECT`",
        })
    }
}

impl std::error::Error for UnsupportedRequest {}

/// Returns whether the host of a URL is certainly this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match v6 {
        Some(v6) => v6.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_str(uri: &str) -> Result<Security, UnsupportedRequest> {
        Origin::from_uri(&uri.parse().unwrap()).map(|origin| origin.security)
    }

    #[test]
    fn plain_text_is_allowed_only_to_loopback() {
        // C-9
        for url in [
            "http://127.0.0.1",
            "http://127.0.0.1:8080/x",
            "http://127.255.255.254/",
            "http://localhost:1",
            "http://LOCALHOST/",
            "http://[::1]:1/",
            "http://user@127.0.0.1/",
        ] {
            assert_eq!(from_str(url), Ok(Security::Loopback), "{url}");
        }
        for url in [
            "http://openrouter.ai/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.1:80@evil.example/",
            "http://localhost.evil.example/",
            "http://localhost./",
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://2130706433/",
            "http://0.0.0.0/",
            "http://128.0.0.1/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
        ] {
            assert_eq!(from_str(url), Err(UnsupportedRequest::PlainText), "{url}");
        }
    }

    #[test]
    fn origin_has_one_pool_however_it_is_written() {
        let origin = |uri: &str| Origin::from_uri(&uri.parse().unwrap()).unwrap();
        let contains = |one: &str, other: &str| origin(one).contains(&other.parse().unwrap());
        for same in
            ["https://openrouter.ai/key", "https://OpenRouter.ai:443", "https://user:pass@openrouter.ai/"]
        {
            assert!(
                contains("https://openrouter.ai", same) && contains(same, "https://openrouter.ai"),
                "{same}"
            );
        }
        for other in ["https://openrouter.ai:80", "https://www.openrouter.ai", "http://openrouter.ai:443"] {
            assert!(!contains("https://openrouter.ai", other), "{other}");
        }
    }

    #[test]
    fn only_absolute_http_urls_are_supported() {
        assert_eq!(from_str("https://openrouter.ai/"), Ok(Security::Https));
        assert_eq!(from_str("ftp://127.0.0.1/"), Err(UnsupportedRequest::Scheme));
        assert_eq!(from_str("/api/v1/key"), Err(UnsupportedRequest::Relative));
        assert_eq!(from_str("openrouter.ai"), Err(UnsupportedRequest::Relative));
    }
}
