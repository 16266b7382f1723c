//! Selection of the proxy for a host, and connecting through it.

mod connect;

mod error;

mod socks;

use std::{env, error::Error as StdError, ffi::OsString, fmt};

use http::{Uri, uri::Authority};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use self::error::ProxyError;
use crate::origin::is_loopback;

/// The proxy settings of a transport.
///
/// Hyper-util's [`Matcher`] parses URLs, credentials, and `NO_PROXY`. We do not use its tunnels: they do not accept
/// every 2xx status, and their private error types do not distinguish 407 from 502.
#[derive(Debug)]
pub(crate) enum Proxies {
    /// No proxy.
    None,
    /// The caller's proxy, for every host.
    Given(Matcher),
    /// The environment's proxy, for every host except this machine.
    Environment(Matcher),
    /// An environment variable with an invalid proxy URL. Requests fail, because the proxy may exist to prevent direct
    /// connections.
    Unusable(&'static str),
}

impl Proxies {
    /// Uses the proxy with this URL.
    pub(crate) fn given(url: &str) -> Result<Self, UnusableUrl> {
        matcher(url, "").map(Self::Given)
    }

    /// Reads the environment. An empty variable counts as unset.
    pub(crate) fn environment() -> Self {
        let Some((name, url)) = variable(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) else {
            return Self::None;
        };
        let no = variable(&["NO_PROXY", "no_proxy"]).map(|(_, no)| no).unwrap_or_default();
        let matcher = url.to_str().map(|url| matcher(url, &no.to_string_lossy()));
        match matcher {
            Some(Ok(matcher)) => Self::Environment(matcher),
            _ => Self::Unusable(name),
        }
    }

    /// Returns the proxy for the host of `uri`, or `None` for a direct connection.
    pub(crate) fn for_uri(&self, uri: &Uri) -> Result<Option<Proxy>, ProxyError> {
        let here = uri.host().is_some_and(is_loopback);
        let intercept = match self {
            Self::Given(matcher) => matcher.intercept(uri),
            Self::Environment(matcher) if !here => matcher.intercept(uri),
            Self::Unusable(name) if !here => return Err(ProxyError::Unusable(name)),
            Self::None | Self::Environment(_) | Self::Unusable(_) => None,
        };
        Ok(intercept.map(Proxy))
    }
}

/// Returns the first of these variables that is set and not empty.
fn variable(names: &[&'static str]) -> Option<(&'static str, OsString)> {
    let values = names.iter().map(|name| Some((*name, env::var_os(name)?)));
    values.flatten().find(|(_, value)| !value.is_empty())
}

/// Parses the URL of a proxy and a list in the format of `NO_PROXY`.
fn matcher(url: &str, no: &str) -> Result<Matcher, UnusableUrl> {
    // The parser would drop a path. If a password has an unencoded `/`, `?`, or `#`, the dropped part contains the
    // host.
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    if place.strip_suffix('/').unwrap_or(place).contains(['/', '?', '#']) {
        return Err(UnusableUrl);
    }
    let somewhere = Uri::from_static("https://proxied.invalid/");
    let intercept = Matcher::builder().https(url).build().intercept(&somewhere).ok_or(UnusableUrl)?;
    let is_known = matches!(intercept.uri().scheme_str(), Some("http" | "https" | "socks5" | "socks5h"));
    let is_whole = intercept.uri().authority().is_some_and(is_host_and_port);
    let fits = intercept.raw_auth().is_none_or(|(user, password)| socks::fits(user) && socks::fits(password));
    if !(is_known && is_whole && fits) {
        return Err(UnusableUrl);
    }
    Ok(Matcher::builder().https(url).no(no).build())
}

/// Returns whether this is only a host with an optional port. If a password has an unencoded `@` or `#`, its rest would
/// otherwise be printed as part of the host.
fn is_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host);
    let port = authority.port_u16().map(|port| format!(":{port}"));
    !host.is_empty() && rest == Some(port.as_deref().unwrap_or_default())
}

/// The error for an invalid proxy URL. It does not contain the URL, which may contain a password.
#[derive(Debug)]
pub(crate) struct UnusableUrl;

impl fmt::Display for UnusableUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected `http`, `https`, or `socks5` and a host without a path, and credentials of at most 255 bytes",
        )
    }
}

impl StdError for UnusableUrl {}

/// A proxy with its credentials, which `Debug` does not show.
#[derive(Debug)]
pub(crate) struct Proxy(Intercept);

impl Proxy {
    /// Returns the URL to connect to: `https` for a proxy with TLS, otherwise `http`.
    pub(crate) fn address(&self) -> Result<Uri, http::Error> {
        let uri = self.0.uri();
        if !self.is_socks() {
            return Ok(uri.clone());
        }
        let port = uri.port_u16().unwrap_or(socks::PORT);
        let authority = format!("{}:{port}", uri.host().unwrap_or_default());
        Uri::builder().scheme("http").authority(authority).path_and_query("/").build()
    }

    /// Asks the proxy at the other end of `stream` to connect to the host of `uri`.
    pub(crate) async fn open(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        uri: &Uri,
    ) -> Result<(), ProxyError> {
        let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
        if self.is_socks() {
            socks::open(stream, host, port, self.0.raw_auth()).await
        } else {
            connect::open(stream, host, port, self.0.basic_auth()).await
        }
    }

    /// Returns the host and port, for error messages. They contain no credentials.
    pub(crate) fn name(&self) -> String {
        let uri = self.0.uri();
        let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
            Some("https") => 443,
            Some("http") => 80,
            _ => socks::PORT,
        });
        format!("{}:{port}", uri.host().unwrap_or_default())
    }

    pub(crate) fn uses_tls(&self) -> bool {
        self.0.uri().scheme_str() == Some("https")
    }

    fn is_socks(&self) -> bool {
        self.0.uri().scheme_str().is_some_and(|scheme| scheme.starts_with("socks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Option<String> {
        let proxies = Proxies::given(url).ok()?;
        let proxy = proxies.for_uri(&Uri::from_static("https://openrouter.ai/")).unwrap().unwrap();
        Some(proxy.address().unwrap().to_string())
    }

    #[test]
    fn proxy_url_has_a_known_scheme_and_a_host() {
        for (url, expected) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("https://proxy.example/", "https://proxy.example/"),
            ("http://user:p%40ss@[::1]:3128", "http://[::1]:3128/"),
            ("socks5://proxy.example", "http://proxy.example:1080/"),
            ("socks5h://user:pass@proxy.example:9050", "http://proxy.example:9050/"),
        ] {
            assert_eq!(address(url).as_deref(), Some(expected), "{url}");
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
            "http://user:pass#word@proxy.example",
            "http://user:12/34@proxy.example",
            "http://user:12?34@proxy.example",
            "https://proxy.example/path",
            "http://proxy.example:port",
            &too_long,
        ] {
            assert_eq!(address(url), None, "{url}");
        }
    }

    #[test]
    fn name_is_only_host_and_port() {
        // C-17, S-1
        for (url, expected) in [
            ("us3r:s3cret@proxy.example", "proxy.example:80"),
            ("https://us3r:s3cret@proxy.example", "proxy.example:443"),
            ("socks5://us3r:s3cret@[::1]", "[::1]:1080"),
            ("http://us3r:s3cret@127.0.0.1:3128", "127.0.0.1:3128"),
        ] {
            let proxies = Proxies::given(url).unwrap();
            let proxy = proxies.for_uri(&Uri::from_static("https://openrouter.ai/")).unwrap().unwrap();
            assert_eq!(proxy.name(), expected);
        }
    }

    #[test]
    fn credentials_are_not_printed() {
        // C-17, S-1
        for url in ["http://us3r:s3cret@proxy.example", "socks5://us3r:s3cret@proxy.example"] {
            let printed = format!("{:?}", Proxies::given(url).unwrap());
            assert!(printed.contains("proxy.example"), "{printed}");
            assert!(!printed.contains("us3r") && !printed.contains("s3cret"), "{printed}");
            assert!(!printed.contains("dXMzcjpzM2NyZXQ"), "{printed}");
        }
    }

    #[test]
    fn no_proxy_lists_hosts_domains_and_networks() {
        let listed = " openrouter.ai, .example.com,10.0.0.0/8,192.168.1.1,[::2], ::3";
        let proxies = Proxies::Environment(matcher("http://proxy.example", listed).unwrap());
        let goes_direct =
            |host: &str| proxies.for_uri(&format!("https://{host}/").parse().unwrap()).unwrap().is_none();
        for host in [
            "openrouter.ai",
            "OpenRouter.AI:8443",
            "api.openrouter.ai",
            "example.com",
            "a.b.example.com",
            "10.1.2.3",
            "192.168.1.1:8443",
            "[::3]",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(goes_direct(host), "{host}");
        }
        for host in ["notopenrouter.ai", "openrouter.ai.evil.example", "11.0.0.1", "192.168.1.2", "[::4]"] {
            assert!(!goes_direct(host), "{host}");
        }
        let all = Proxies::Environment(matcher("http://proxy.example", "*").unwrap());
        assert!(all.for_uri(&Uri::from_static("https://openrouter.ai/")).unwrap().is_none());
    }
}
