//! The URL of the service.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use openrouter_oauth_models::{
    CreateAuthCode, CurrentKey, Endpoint as _, ExchangeAuthCode, ExchangeToken, HttpUrl, InvalidValue,
    Origin, SigningKeys,
};
use openrouter_oauth_transport::PlainHttpHost;

/// The URL that endpoint paths are appended to: `https` on any host, or `http` on a loopback host or a named one.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    origin: Origin,
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash.
    path: String,
    /// Whether everyone on the way can read the requests: plain `http` to the host that the program named.
    is_exposed: bool,
    /// The URLs of OpenRouter's endpoints, by path, so that an attempt need not build one. A URL that would be too long
    /// is missing.
    endpoints: Arc<[(&'static str, Uri)]>,
}

/// The base URL of OpenRouter's API, and the default base URL of a client.
pub const OPENROUTER_BASE_URL: &str = "https://openrouter.ai/api/v1";

/// The paths of OpenRouter's endpoints, below the base URL.
const ENDPOINTS: [&str; 5] =
    [ExchangeAuthCode::PATH, CreateAuthCode::PATH, CurrentKey::PATH, ExchangeToken::PATH, SigningKeys::PATH];

/// The path of the API, for a base URL without a path.
const API_PATH: &str = "/api/v1";

impl BaseUrl {
    /// Returns [`OPENROUTER_BASE_URL`].
    #[cfg(any(feature = "blocking", feature = "hyper"))]
    pub(crate) fn openrouter() -> Self {
        let authority = Authority::from_static("openrouter.ai");
        Self::new(Origin::OPENROUTER, Scheme::HTTPS, authority, API_PATH.to_owned())
    }

    /// Parses a URL. `http_host` is the host that the program named for plain `http`.
    pub(crate) fn parse(text: &str, http_host: Option<&PlainHttpHost>) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new("base URL", problem);
        let url = HttpUrl::parse(text).map_err(|error| invalid(error.problem()))?;
        if url.query().is_some() {
            return Err(invalid("must not have a query"));
        }
        if !(url.is_https() || url.is_loopback() || http_host.is_some_and(|host| host.matches(url.host()))) {
            return Err(invalid(
                "must use https, or http on a loopback host; for another host of a test network, use \
                 `dangerously_allow_http`",
            ));
        }
        let origin = url.origin();
        let scheme = if url.is_https() { Scheme::HTTPS } else { Scheme::HTTP };
        let authority = url.authority().to_ascii_lowercase().parse();
        let path = match url.path().trim_end_matches('/') {
            "" => API_PATH,
            path => path,
        };
        let authority = authority.map_err(|_| invalid("has no valid host"))?;
        let is_exposed = !(url.is_https() || url.is_loopback());
        Ok(Self { is_exposed, ..Self::new(origin, scheme, authority, path.to_owned()) })
    }

    fn new(origin: Origin, scheme: Scheme, authority: Authority, path: String) -> Self {
        let mut url = Self { origin, scheme, authority, path, is_exposed: false, endpoints: Arc::default() };
        url.endpoints = ENDPOINTS.iter().filter_map(|path| Some((*path, url.join(path).ok()?))).collect();
        url
    }

    /// Returns the URL of the endpoint with this path.
    pub(crate) fn endpoint(&self, path: &str) -> Result<Cow<'_, Uri>, InvalidValue> {
        match self.endpoints.iter().find(|(known, _)| *known == path) {
            Some((_, url)) => Ok(Cow::Borrowed(url)),
            None => self.join(path).map(Cow::Owned),
        }
    }

    fn join(&self, path: &str) -> Result<Uri, InvalidValue> {
        let not_valid = InvalidValue::new("endpoint path", "is not valid in a URL");
        let path = Bytes::from([&self.path, path].concat());
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path).map_err(|_| not_valid)?);
        Uri::from_parts(parts).map_err(|_| not_valid)
    }

    /// Returns whether everyone on the way can read the requests.
    pub(crate) fn is_exposed(&self) -> bool {
        self.is_exposed
    }

    /// Returns the scheme, host, and port.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_path_becomes_that_of_the_api() {
        for (text, endpoint) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1/key"),
            ("https://openrouter.ai/", "https://openrouter.ai/api/v1/key"),
            ("https://openrouter.ai/v2/", "https://openrouter.ai/v2/key"),
        ] {
            assert_eq!(*BaseUrl::parse(text, None).unwrap().endpoint("/key").unwrap(), endpoint, "{text}");
        }
    }

    #[test]
    fn prepared_urls_are_those_of_the_endpoints() {
        let url = BaseUrl::parse("https://openrouter.ai/v2", None).unwrap();
        assert_eq!(url.endpoints.len(), ENDPOINTS.len());
        for path in ENDPOINTS {
            assert_eq!(*url.endpoint(path).unwrap(), url.join(path).unwrap());
        }
        assert_eq!(*url.endpoint("/own").unwrap(), "https://openrouter.ai/v2/own");
        let longest = BaseUrl::parse(&format!("https://openrouter.ai/{}", "a".repeat(65_000)), None).unwrap();
        assert!(longest.endpoint(&"/".repeat(1_000)).is_err());
    }

    #[test]
    fn http_needs_a_loopback_host() {
        // C-9
        for good in [
            OPENROUTER_BASE_URL,
            "https://openrouter.ai",
            "https://OpenRouter.ai:443/api/v1/",
            "http://127.0.0.1:8080/api/v1",
            "http://127.0.0.2",
            "http://localhost:1",
            "http://[::1]:65535/",
        ] {
            assert!(BaseUrl::parse(good, None).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "openrouter.ai",
            "openrouter.ai:443",
            "http://openrouter.ai",
            "http://evil",
            "http://127.0.0.1@evil",
            "http://localhost.evil",
            "http://localhost.",
            "http://127.1",
            "http://0x7f.1",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "https://user:password@openrouter.ai",
            "https://openrouter.ai?a=b",
            "https://openrouter.ai#a",
            "https://evil.com:443[v1.a]:80",
            "http://[::1]evil:80",
            "http://localhost:+80",
            "http://localhost:080",
            "http://[::1",
            "http://::1",
            "http://localhost:80:80",
            "https://openrouter.ai:0",
            "https://openrouter.ai:",
            "https://openrouter.ai:65536",
            "https://openrouter.ai\\@evil",
            "https://openrouter.ai/a b",
            "https://openrouter.ai/\r\n",
            "https://\u{f6}penrouter.ai",
            "https://",
            "https:///api",
            "javascript:alert(1)",
            "ftp://openrouter.ai",
            "file:///etc/passwd",
        ] {
            assert!(BaseUrl::parse(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn named_host_may_use_http() {
        // C-9
        let emulator = PlainHttpHost::parse("Emulator").unwrap();
        for good in
            ["http://emulator:8080/api/v1", "http://EMULATOR", "https://openrouter.ai", "http://127.0.0.1"]
        {
            assert!(BaseUrl::parse(good, Some(&emulator)).is_ok(), "{good}");
        }
        for bad in [
            "http://emulator.",
            "http://emulator.evil",
            "http://evil.emulator",
            "http://emulator@evil",
            "http://evil/emulator",
            "http://openrouter.ai",
            "http://192.0.2.1",
            "ftp://emulator",
        ] {
            assert!(BaseUrl::parse(bad, Some(&emulator)).is_err(), "{bad}");
        }
        let address = PlainHttpHost::parse("[fd00::2]").unwrap();
        assert!(BaseUrl::parse("http://[FD00::2]:8080", Some(&address)).is_ok());
        assert!(BaseUrl::parse("http://[fd00::3]:8080", Some(&address)).is_err());
    }
}
