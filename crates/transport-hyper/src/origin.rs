//! Validation of a request's URL.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use http::Uri;

/// The kind of connection that a URL needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// TLS to any host.
    Https,
    /// Plain text to this machine.
    Loopback,
}

impl Origin {
    pub(crate) fn from_uri(uri: &Uri) -> Result<Self, UnsupportedUrl> {
        match (uri.scheme_str(), uri.host()) {
            (Some("https"), Some(_)) => Ok(Self::Https),
            (Some("http"), Some(host)) if is_loopback(host) => Ok(Self::Loopback),
            (Some("http"), Some(_)) => Err(UnsupportedUrl::PlainText),
            (Some(_), Some(_)) => Err(UnsupportedUrl::Scheme),
            _ => Err(UnsupportedUrl::Relative),
        }
    }
}

/// The error for a URL that the transport rejects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UnsupportedUrl {
    /// `http` to another machine.
    PlainText,
    /// Neither `https` nor `http`.
    Scheme,
    /// No scheme or no host.
    Relative,
}

impl fmt::Display for UnsupportedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlainText => {
                "`http` is allowed only to this machine (127.0.0.0/8, [::1], localhost); use `https`"
            }
            Self::Scheme => "the scheme of the URL is not `https`",
            Self::Relative => "the URL has no scheme or no host",
        })
    }
}

impl std::error::Error for UnsupportedUrl {}

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

    fn from_str(uri: &str) -> Result<Origin, UnsupportedUrl> {
        Origin::from_uri(&uri.parse().unwrap())
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
            assert_eq!(from_str(url), Ok(Origin::Loopback), "{url}");
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
            assert_eq!(from_str(url), Err(UnsupportedUrl::PlainText), "{url}");
        }
    }

    #[test]
    fn only_absolute_http_urls_are_supported() {
        assert_eq!(from_str("https://openrouter.ai/"), Ok(Origin::Https));
        assert_eq!(from_str("ftp://127.0.0.1/"), Err(UnsupportedUrl::Scheme));
        assert_eq!(from_str("/api/v1/key"), Err(UnsupportedUrl::Relative));
        assert_eq!(from_str("openrouter.ai"), Err(UnsupportedUrl::Relative));
    }
}
