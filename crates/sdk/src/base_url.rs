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

/// The URL that endpoint paths are appended to: `https` on any host, or `http` on a loopback host.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    origin: Origin,
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash.
    path: String,
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
    #[cfg(feature = "hyper")]
    pub(crate) fn openrouter() -> Self {
        let authority = Authority::from_static("openrouter.ai");
        Self::new(Origin::OPENROUTER, Scheme::HTTPS, authority, API_PATH.to_owned())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new("base URL", problem);
        let url = HttpUrl::parse(text).map_err(|error| invalid(error.problem()))?;
        if url.query().is_some() {
            return Err(invalid("must not have a query"));
        }
        let origin = url.origin();
        if !is_secure(&origin) {
            return Err(invalid("must use https, or http on a loopback host"));
        }
        let scheme = if url.is_https() { Scheme::HTTPS } else { Scheme::HTTP };
        let authority = url.authority().to_ascii_lowercase().parse();
        let path = match url.path().trim_end_matches('/') {
            "" => API_PATH,
            path => path,
        };
        Ok(Self::new(origin, scheme, authority.map_err(|_| invalid("has no valid host"))?, path.to_owned()))
    }

    fn new(origin: Origin, scheme: Scheme, authority: Authority, path: String) -> Self {
        let mut url = Self { origin, scheme, authority, path, endpoints: Arc::default() };
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

    /// Returns the scheme, host, and port.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Returns whether requests to this origin are private in transit: `https`, or `http` on a loopback host.
pub(crate) fn is_secure(origin: &Origin) -> bool {
    origin.is_https() || origin.is_loopback()
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
            assert_eq!(*BaseUrl::parse(text).unwrap().endpoint("/key").unwrap(), endpoint, "{text}");
        }
    }

    #[test]
    fn prepared_urls_are_those_of_the_endpoints() {
        let url = BaseUrl::parse("https://openrouter.ai/v2").unwrap();
        assert_eq!(url.endpoints.len(), ENDPOINTS.len());
        for path in ENDPOINTS {
            assert_eq!(*url.endpoint(path).unwrap(), url.join(path).unwrap());
        }
        assert_eq!(*url.endpoint("/own").unwrap(), "https://openrouter.ai/v2/own");
        let longest = BaseUrl::parse(&format!("https://openrouter.ai/{}", "a".repeat(65_000))).unwrap();
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
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
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
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
