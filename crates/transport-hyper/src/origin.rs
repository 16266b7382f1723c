//! The scheme, host, and port of a request's URL, and which of them are allowed.

use std::mem;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Uri, Version,
    header::HOST,
    uri::{Parts, PathAndQuery},
};
use openrouter_oauth_transport::{
    PlainHttpHost,
    parts::{Security, UnsupportedUrl},
};

/// An origin that requests can go to.
pub(crate) struct Origin {
    pub(crate) security: Security,
    /// The scheme and authority, with the path `/`.
    pub(crate) uri: Uri,
    /// The `Host` header: the host, and the port if it is not the default one.
    host: HeaderValue,
}

impl Origin {
    /// Returns the origin of a URL. `http_host` is the host that the program named for plain `http`.
    pub(crate) fn from_uri(uri: &Uri, http_host: Option<&PlainHttpHost>) -> Result<Self, UnsupportedUrl> {
        let security = Security::from_uri(uri, http_host)?;
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().filter(|port| *port != default_port(security));
        let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut parts = Parts::default();
        parts.scheme = uri.scheme().cloned();
        parts.authority = uri.authority().cloned();
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Ok(Self {
            security,
            uri: Uri::from_parts(parts).map_err(|_| UnsupportedUrl::Relative)?,
            host: HeaderValue::try_from(host).map_err(|_| UnsupportedUrl::Relative)?,
        })
    }

    /// Returns whether a URL has this origin.
    pub(crate) fn contains(&self, uri: &Uri) -> bool {
        uri.scheme() == self.uri.scheme()
            && (uri.authority() == self.uri.authority() || self.place(uri) == self.place(&self.uri))
    }

    /// Returns the host in lowercase, and the port.
    fn place(&self, uri: &Uri) -> (Option<String>, u16) {
        (uri.host().map(str::to_ascii_lowercase), uri.port_u16().unwrap_or(default_port(self.security)))
    }

    /// Adds the `Host` header, and removes the origin from the URL (RFC 9112, section 3.2.1).
    pub(crate) fn address(&self, request: &mut Request<Bytes>) -> Result<(), &'static str> {
        // Hyper would panic, or wait for an upgrade.
        let is_supported = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
        if !is_supported || request.method() == Method::CONNECT {
            return Err("the request is not HTTP/1.1 or HTTP/1.0, or its method is `CONNECT`");
        }
        request.headers_mut().entry(HOST).or_insert_with(|| self.host.clone());
        let url = mem::take(request.uri_mut()).into_parts();
        *request.uri_mut() = url.path_and_query.map(Uri::from).unwrap_or_default();
        Ok(())
    }
}

fn default_port(security: Security) -> u16 {
    match security {
        Security::Https => 443,
        Security::Loopback | Security::NamedHost => 80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_has_one_pool_however_it_is_written() {
        let origin = |uri: &str| Origin::from_uri(&uri.parse().unwrap(), None).unwrap();
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
}
