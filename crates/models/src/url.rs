//! URLs and origins.

use std::{borrow::Cow, fmt};

use crate::{
    text::{
        AsText, FromText, InvalidValue, check, open_text_conversions, plain_text, text_conversions,
        text_serde,
    },
    url_syntax::{UrlParts, ipv6_address, is_loopback_host, problem, split_port, without_default_port},
};

plain_text! {
    /// An absolute `http` or `https` URL that every parser reads the same way.
    ///
    /// It is ASCII, with complete percent-escapes and a valid host and port. It has no user name, password, fragment,
    /// or path segment `.` or `..`. Parsing is stricter than in browsers: it rejects any URL that two parsers could
    /// read differently.
    HttpUrl
}

/// The scheme, host, and port of a URL in normal form: lowercase, without the default port, and with IPv6 addresses in
/// their shortest form.
///
/// Two URLs have the same origin if and only if their `Origin` values are equal (RFC 6454, section 5).
///
/// ```
/// use openrouter_oauth_models::{HttpUrl, Origin};
///
/// # fn main() -> Result<(), openrouter_oauth_models::InvalidValue> {
/// let url = HttpUrl::parse("https://OpenRouter.ai:443/api/v1")?;
/// assert_eq!(url.origin(), Origin::OPENROUTER);
/// assert_eq!(url.origin().as_str(), "https://openrouter.ai");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Origin(Cow<'static, str>);

text_conversions!(Origin);
open_text_conversions!(Origin);
text_serde!(Origin);

impl HttpUrl {
    /// Returns whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        self.0.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"))
    }

    /// Returns whether the host is this machine: `localhost`, `127.0.0.0/8`, or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(self.host())
    }

    /// Returns the host and port, as written.
    pub fn authority(&self) -> &str {
        self.parts().authority.unwrap_or_default()
    }

    /// Returns the host, as written. IPv6 addresses keep their brackets.
    pub fn host(&self) -> &str {
        split_port(self.authority()).0
    }

    /// Returns the URL, as written, up to the question mark of its query.
    pub fn without_query(&self) -> &str {
        self.0.split_once('?').map_or(&self.0, |(place, _)| place)
    }

    /// Returns the path, which is empty or starts with a slash.
    pub fn path(&self) -> &str {
        self.parts().path
    }

    /// Returns the query, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.0.split_once('?').map(|(_, query)| query)
    }

    /// Returns this URL with another segment at the end of its path. `segment` is 1 to 128 of the characters
    /// `A-Z a-z 0-9 - _`, so the result is valid.
    pub(crate) fn with_segment(&self, segment: &str) -> Result<Self, InvalidValue> {
        let is_segment_character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        check(
            "path segment",
            segment,
            128,
            is_segment_character,
            "may contain only the characters A-Z a-z 0-9 - _",
        )?;
        let (place, query) = self.0.split_at(self.without_query().len());
        Ok(Self([place.trim_end_matches('/'), "/", segment, query].concat().into()))
    }

    /// Returns the origin.
    pub fn origin(&self) -> Origin {
        let (scheme, host) = (self.scheme(), self.host());
        let authority = without_default_port(scheme, self.authority());
        let colon_and_port = authority.strip_prefix(host).unwrap_or_default();
        let mut origin = match ipv6_address(host) {
            Some(ip) => format!("{scheme}://[{ip}]{colon_and_port}"),
            None => [scheme, "://", host, colon_and_port].concat(),
        };
        origin.make_ascii_lowercase();
        Origin(Cow::Owned(origin))
    }

    fn scheme(&self) -> &str {
        self.parts().scheme.unwrap_or_default()
    }

    /// Returns the parts, as written.
    pub(crate) fn parts(&self) -> UrlParts<'_> {
        UrlParts::split(&self.0)
    }
}

impl Origin {
    /// `https://openrouter.ai`
    pub const OPENROUTER: Self = Self(Cow::Borrowed("https://openrouter.ai"));

    /// Returns the origin as text, such as `https://openrouter.ai` or `http://127.0.0.1:8080`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the scheme is `https`.
    pub fn is_https(&self) -> bool {
        UrlParts::split(&self.0).scheme == Some("https")
    }

    /// Returns whether the host is this machine: `localhost`, `127.0.0.0/8`, or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(split_port(UrlParts::split(&self.0).authority.unwrap_or_default()).0)
    }

    /// Returns whether `reference`, such as the value of a `Location` header, stays within this origin.
    ///
    /// Returns `false` for a reference with a space or an ASCII control character. Browsers drop some of these
    /// characters, and the rest may name another host.
    pub fn contains(&self, reference: &str) -> bool {
        if reference.bytes().any(|byte| byte == b' ' || byte.is_ascii_control()) {
            return false;
        }
        let has_scheme = reference.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        // Browsers read a backslash as a slash.
        let mut start = reference.bytes().take(2);
        let has_host = reference.len() >= 2 && start.all(|byte| matches!(byte, b'/' | b'\\'));
        if !has_scheme && !has_host {
            return true;
        }
        let without_query = reference.split(['?', '#']).next().unwrap_or_default();
        HttpUrl::parse(without_query).is_ok_and(|url| url.origin() == *self)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsText for Origin {
    fn as_text(&self) -> &str {
        &self.0
    }
}

impl FromText for Origin {
    const WHAT: &'static str = "origin";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new(Self::WHAT, problem);
        let url = HttpUrl::parse(text).map_err(|error| invalid(error.problem()))?;
        if !url.path().is_empty() || url.query().is_some() {
            return Err(invalid("must have only a scheme, a host, and a port"));
        }
        Ok(url.origin())
    }
}

impl FromText for HttpUrl {
    const WHAT: &'static str = "URL";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        match problem(text) {
            Some(problem) => Err(InvalidValue::new(Self::WHAT, problem)),
            None => Ok(Self(Box::from(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::url_syntax::MAX_BYTES;

    proptest! {
        #[test]
        fn http_crate_accepts_every_url(
            scheme in select(vec!["http://", "HTTPS://", "https:", ""]),
            pieces in vec(
                select(vec![
                    "a", "-", "_", ".", "..", "%2e", "127.0.0.1", "[::1]", "[", "]", ":", "80", "65536", "/", "?", "@",
                    "://", "%", "%4", "!", "$&'()*+,;=", "~",
                ]),
                0..12,
            ),
        ) {
            let text = [scheme, &pieces.concat()].concat();
            if let Ok(url) = HttpUrl::parse(&text) {
                let uri: Uri = text.parse().unwrap();
                prop_assert_eq!(uri.authority().unwrap().as_str(), url.authority());
                prop_assert_eq!(uri.path(), if url.path().is_empty() { "/" } else { url.path() });
                prop_assert_eq!(uri.query(), url.query());
            }
        }
    }

    #[test]
    fn url_is_as_long_as_the_http_crate_allows() {
        for (length, is_url) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let text = format!("{:a<length$}", "https://my.app/");
            assert_eq!(HttpUrl::parse(&text).is_ok(), is_url);
            assert_eq!(text.parse::<Uri>().is_ok(), is_url);
        }
    }

    fn origin(url: &str) -> Origin {
        HttpUrl::parse(url).unwrap().origin()
    }

    #[test]
    fn url_is_split_into_its_parts() {
        let url = HttpUrl::parse("http://[::1]:8080/a/b?c=d?e").unwrap();
        assert_eq!((url.authority(), url.host()), ("[::1]:8080", "[::1]"));
        assert_eq!((url.path(), url.query()), ("/a/b", Some("c=d?e")));
        assert_eq!(url.without_query(), "http://[::1]:8080/a/b");
        assert!(url.is_loopback() && !url.is_https());
        let url = HttpUrl::parse("HTTPS://my.app").unwrap();
        assert_eq!((url.host(), url.path(), url.query()), ("my.app", "", None));
        assert_eq!(url.without_query(), "HTTPS://my.app");
        assert!(url.is_https() && !url.is_loopback());
    }

    #[test]
    fn loopback_host_is_recognized_in_any_notation() {
        let is_loopback = |url| {
            let url = HttpUrl::parse(url).unwrap();
            assert_eq!(url.is_loopback(), url.origin().is_loopback());
            assert_eq!(url.is_https(), url.origin().is_https());
            url.is_loopback()
        };
        for loopback in ["http://LocalHost", "http://127.255.0.1", "http://[::1]", "http://[0:0::1]:80"] {
            assert!(is_loopback(loopback), "{loopback}");
        }
        for other in
            ["http://[::2]", "http://[::ffff:127.0.0.1]", "http://128.0.0.1", "HTTPS://localhost.evil"]
        {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn equal_origins_have_equal_text() {
        assert_eq!(origin("https://OpenRouter.ai:443/api"), Origin::OPENROUTER);
        assert_eq!(origin("http://localhost:80").as_str(), "http://localhost");
        assert_eq!(origin("http://[::1]:8080/x").as_str(), "http://[::1]:8080");
        for same in ["http://[0:0::1]", "http://[0:0:0:0:0:0:0:1]:80/x", "http://[::0001]"] {
            assert_eq!(origin(same).as_str(), "http://[::1]", "{same}");
        }
        assert_eq!(origin("https://[2001:DB8:0::A]:8443").as_str(), "https://[2001:db8::a]:8443");
        assert_eq!(origin("http://[::ffff:7f00:1]"), origin("http://[::FFFF:127.0.0.1]"));
        assert_eq!(origin("https://my.app:80").as_str(), "https://my.app:80");
        assert_eq!(Origin::parse("HTTPS://OpenRouter.ai:443").unwrap(), Origin::OPENROUTER);
        for bad in
            ["", "openrouter.ai", "https://openrouter.ai/", "https://openrouter.ai?a", "ftp://openrouter.ai"]
        {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origin_contains_only_its_own_redirects() {
        for same in [
            "/login",
            "login",
            "?x=1",
            "../x",
            "",
            "https://openrouter.ai/a?b#c",
            "https://openrouter.ai:443/",
        ] {
            assert!(Origin::OPENROUTER.contains(same), "{same}");
        }
        for other in [
            "//evil",
            "/\\evil",
            "/\t/evil",
            " //evil",
            "\t//evil",
            "/login\n",
            "https://evil/",
            "http://openrouter.ai/",
            "https://openrouter.ai@evil/",
            "https://openrouter.ai\\@evil/",
            "javascript:x",
        ] {
            assert!(!Origin::OPENROUTER.contains(other), "{other}");
        }
    }
}
