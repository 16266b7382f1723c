//! The URLs that a transport accepts.

use std::{error::Error as StdError, fmt};

use http::Uri;

use crate::{PlainHttpHost, is_loopback};

/// How requests to a URL stay private.
///
/// ```
/// use openrouter_oauth_transport::parts::{Security, UnsupportedUrl};
///
/// # fn main() -> Result<(), http::uri::InvalidUri> {
/// assert_eq!(Security::from_uri(&"https://openrouter.ai".parse()?, None), Ok(Security::Https));
/// assert_eq!(Security::from_uri(&"http://localhost:8080".parse()?, None), Ok(Security::Loopback));
/// assert_eq!(Security::from_uri(&"http://openrouter.ai".parse()?, None), Err(UnsupportedUrl::PlainText));
/// # Ok(())
/// # }
/// ```
#[expect(clippy::exhaustive_enums, reason = "a transport must know how to connect in each case")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Security {
    /// TLS to any host, directly or through a proxy.
    Https,
    /// Plain text to this machine. Connect directly, and without a lookup: see [`is_loopback`].
    Loopback,
    /// Plain text to the one host that the program named. Connect directly, because a proxy would see the keys.
    NamedHost,
}

impl Security {
    /// Returns how requests to `uri` stay private. `http_host` is the host that the program named for plain `http`.
    ///
    /// Credentials in the URL do not matter. The transport must not send them.
    ///
    /// # Errors
    ///
    /// [`UnsupportedUrl::PlainText`] for `http` to a machine that is neither this one nor the named host,
    /// [`Scheme`](UnsupportedUrl::Scheme) for any scheme other than `https` and `http`, and
    /// [`Relative`](UnsupportedUrl::Relative) without a scheme or a host.
    pub fn from_uri(uri: &Uri, http_host: Option<&PlainHttpHost>) -> Result<Self, UnsupportedUrl> {
        let is_named = |host: &str| http_host.is_some_and(|named| named.matches(host));
        match (uri.scheme_str(), uri.host().filter(|host| !host.is_empty())) {
            (Some("https"), Some(_)) => Ok(Self::Https),
            (Some("http"), Some(host)) if is_loopback(host) => Ok(Self::Loopback),
            (Some("http"), Some(host)) if is_named(host) => Ok(Self::NamedHost),
            (Some("http"), Some(_)) => Err(UnsupportedUrl::PlainText),
            (Some(_), Some(_)) => Err(UnsupportedUrl::Scheme),
            _ => Err(UnsupportedUrl::Relative),
        }
    }
}

/// The error for a URL that a transport rejects.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnsupportedUrl {
    /// The URL is `http` to another machine, which the program did not name.
    PlainText,
    /// The URL is neither `https` nor `http`.
    Scheme,
    /// The URL has no scheme or no host.
    Relative,
}

impl fmt::Display for UnsupportedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlainText => {
                "`http` is allowed only to this machine (127.0.0.0/8, [::1], localhost); use `https`, or name a host \
                 of a test network with `dangerously_allow_http`"
            }
            Self::Scheme => "the scheme of the URL is not `https`",
            Self::Relative => "the URL has no scheme or no host",
        })
    }
}

impl StdError for UnsupportedUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_str(uri: &str) -> Result<Security, UnsupportedUrl> {
        from_str_with(uri, None)
    }

    fn from_str_with(uri: &str, http_host: Option<&str>) -> Result<Security, UnsupportedUrl> {
        let http_host = http_host.map(|host| PlainHttpHost::parse(host).unwrap());
        Security::from_uri(&uri.parse().unwrap(), http_host.as_ref())
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
            assert_eq!(from_str(url), Err(UnsupportedUrl::PlainText), "{url}");
        }
    }

    #[test]
    fn plain_text_is_allowed_to_exactly_the_named_host() {
        for (named, url) in [
            ("emulator", "http://emulator:8080/api/v1"),
            ("emulator", "http://EMULATOR/"),
            ("Emulator.test", "http://emulator.test:1/"),
            ("192.0.2.1", "http://192.0.2.1/"),
            ("[fd00::2]", "http://[FD00::2]:8080/"),
        ] {
            assert_eq!(from_str_with(url, Some(named)), Ok(Security::NamedHost), "{url}");
        }
        for url in [
            "http://emulator./",
            "http://emulator.evil.example/",
            "http://a.emulator/",
            "http://emulator@evil.example/",
            "http://emulato/",
            "http://emulator2/",
            "http://192.0.2.1/",
        ] {
            assert_eq!(from_str_with(url, Some("emulator")), Err(UnsupportedUrl::PlainText), "{url}");
        }
        assert_eq!(from_str_with("https://emulator/", Some("emulator")), Ok(Security::Https));
        assert_eq!(from_str_with("http://localhost/", Some("emulator")), Ok(Security::Loopback));
    }

    #[test]
    fn only_absolute_http_urls_are_supported() {
        assert_eq!(from_str("https://openrouter.ai/"), Ok(Security::Https));
        assert_eq!(from_str("ftp://127.0.0.1/"), Err(UnsupportedUrl::Scheme));
        assert_eq!(from_str("/api/v1/key"), Err(UnsupportedUrl::Relative));
        assert_eq!(from_str("openrouter.ai"), Err(UnsupportedUrl::Relative));
    }
}
