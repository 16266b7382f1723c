//! The URL of the service.

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use openrouter_oauth_models::InvalidValue;

/// A URL below which the endpoints are: `https` on any host, or `http` on a loopback host (C-9).
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash.
    path: String,
}

pub(crate) const OPENROUTER: &str = "https://openrouter.ai/api/v1";

impl BaseUrl {
    /// [`OPENROUTER`].
    #[cfg(feature = "hyper")]
    pub(crate) fn openrouter() -> Self {
        Self {
            scheme: Scheme::HTTPS,
            authority: Authority::from_static("openrouter.ai"),
            path: "/api/v1".to_owned(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new("base URL", problem);
        // A backslash is a slash to browsers and a character to others.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(invalid("may hold only the characters of a URL"));
        }
        if text.contains(['?', '#']) {
            return Err(invalid("may not have a query or a fragment"));
        }
        let parts = text.parse::<Uri>().map_err(|_| invalid("is not a URL"))?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(invalid("is not an absolute URL"));
        };
        if authority.as_str().contains('@') {
            return Err(invalid("may not have a user name or password"));
        }
        // Lower case, so that two spellings of one origin are one.
        let authority = authority.as_str().to_ascii_lowercase();
        let authority: Authority = authority.parse().map_err(|_| invalid("has no valid host"))?;
        let port = authority.as_str().strip_prefix(authority.host());
        if port != Some("") && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(invalid("has a port that is not a number from 1 to 65535"));
        }
        if authority.host().is_empty() {
            return Err(invalid("has no valid host"));
        }
        if scheme != Scheme::HTTPS && !(scheme == Scheme::HTTP && is_loopback(authority.host())) {
            return Err(invalid("must use https, or http on a loopback host"));
        }
        let path = parts.path_and_query.as_ref().map_or("", PathAndQuery::as_str);
        Ok(Self { scheme, authority, path: path.trim_end_matches('/').to_owned() })
    }

    /// The URL of the endpoint with this path.
    pub(crate) fn endpoint(&self, path: &str) -> Result<Uri, InvalidValue> {
        let not_valid = InvalidValue::new("path of the endpoint", "is not valid in a URL");
        let path = Bytes::from([&self.path, path].concat());
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path).map_err(|_| not_valid)?);
        Uri::from_parts(parts).map_err(|_| not_valid)
    }

    /// Whether both have the same scheme, host and port.
    pub(crate) fn has_origin_of(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.origin() == other.origin()
    }

    /// Scheme, host and port as text; the same text for the same origin (RFC 6454, section 6.2).
    pub(crate) fn origin(&self) -> String {
        let (host, port) = (self.authority.host(), self.authority.port_u16());
        match port {
            Some(port) if port != default_port(&self.scheme) => {
                format!("{}://{host}:{port}", self.scheme)
            }
            _ => format!("{}://{host}", self.scheme),
        }
    }

    /// Whether `location`, a value of a `Location` header, stays at this origin.
    pub(crate) fn is_origin_of(&self, location: &str) -> bool {
        let has_scheme = location.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        // Browsers read a backslash as a slash.
        let mut start = location.bytes().take(2);
        let has_host = location.len() >= 2 && start.all(|byte| matches!(byte, b'/' | b'\\'));
        if !has_scheme && !has_host {
            return true;
        }
        let without_query = location.split(['?', '#']).next().unwrap_or_default();
        Self::parse(without_query).is_ok_and(|other| self.has_origin_of(&other))
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn default_port(scheme: &Scheme) -> u16 {
    if *scheme == Scheme::HTTPS { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_hosts_only() {
        // C-9
        for good in [
            OPENROUTER,
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

    #[test]
    fn one_origin_has_one_text() {
        let origin = |text| BaseUrl::parse(text).unwrap().origin();
        assert_eq!(origin("https://OpenRouter.ai:443/api"), origin(OPENROUTER));
        assert_eq!(origin("http://localhost:80"), "http://localhost");
        assert_eq!(origin("http://[::1]:8080/x"), "http://[::1]:8080");
    }

    #[test]
    fn a_redirect_is_told_from_one_to_another_origin() {
        let base = BaseUrl::parse(OPENROUTER).unwrap();
        for same in [
            "/login",
            "login",
            "?x=1",
            "../x",
            "",
            "https://openrouter.ai/a?b#c",
            "https://openrouter.ai:443/",
        ] {
            assert!(base.is_origin_of(same), "{same}");
        }
        for other in [
            "//evil",
            "/\\evil",
            "https://evil/",
            "http://openrouter.ai/",
            "https://openrouter.ai@evil/",
            "javascript:x",
        ] {
            assert!(!base.is_origin_of(other), "{other}");
        }
    }
}
