//! The syntax of URLs. This is the only module that decides which text is a URL.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::constant_time::ConstantTime;

/// The parts of a URL or of a request target, split as in RFC 3986, appendix B, without validation.
///
/// A request target (`/callback?code=…`) has no scheme and no authority. The text may also start with its authority,
/// because some browsers display URLs without a scheme. The fragment is dropped.
#[derive(Clone, Copy)]
pub(crate) struct UrlParts<'a> {
    pub(crate) scheme: Option<&'a str>,
    /// The host and port.
    pub(crate) authority: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    pub(crate) fn split(text: &'a str) -> Self {
        let text = text.split_once('#').map_or(text, |(text, _)| text);
        let (place, query) = match text.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (text, None),
        };
        let (scheme, place) = match split_scheme(place) {
            Some((scheme, place)) => (Some(scheme), place),
            None => (None, place),
        };
        let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        Self { scheme, authority: Some(authority).filter(|authority| !authority.is_empty()), path, query }
    }

    /// Returns whether these parts match `url`, ignoring the query. The scheme may be missing, or both the scheme and
    /// the authority.
    pub(crate) fn are_at(&self, url: &UrlParts<'_>) -> bool {
        let url_scheme = url.scheme.unwrap_or_default();
        let same_scheme = self.scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(url_scheme));
        let same_authority = match self.authority {
            Some(theirs) => {
                let [theirs, ours] = [theirs, url.authority.unwrap_or_default()]
                    .map(|authority| without_default_port(url_scheme, authority));
                theirs.eq_ignore_ascii_case(ours)
            }
            None => self.scheme.is_none(),
        };
        same_scheme && same_authority && ConstantTime::new(url.path).is(&ConstantTime::new(self.path))
    }
}

/// Splits the text before the query into the scheme and the rest. A request target starts with its path, and has no
/// scheme.
fn split_scheme(place: &str) -> Option<(&str, &str)> {
    if place.starts_with('/') {
        return None;
    }
    // A character is found faster than a string, and is usually enough.
    let (scheme, rest) = place.split_once(':')?;
    rest.strip_prefix("//").map(|rest| (scheme, rest)).or_else(|| place.split_once("://"))
}

/// Returns whether two hexadecimal digits follow each `%`.
pub fn has_whole_escapes(text: &str) -> bool {
    let has_digits = |start| {
        let digits = text.as_bytes().get(start + 1..start + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'%').all(|(start, _)| has_digits(start))
}

pub(crate) fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let default = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    match split_port(authority) {
        (host, Some(port)) if port == default => host,
        _ => authority,
    }
}

/// Splits an authority into the host and the digits of the port.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    let is_host = |host: &str| host.ends_with(']') || !host.contains(':');
    match authority.rsplit_once(':') {
        Some((host, port)) if is_host(host) && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || ipv6_address(host).is_some_and(|ip| ip.is_loopback())
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Parses an IPv6 literal in brackets.
pub(crate) fn ipv6_address(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// The length that [`http::Uri`] supports.
pub(crate) const MAX_BYTES: usize = 65_534;

/// Returns the problem with `text`, if any. The checks go beyond those of [`http::Uri`], because browsers parse URLs
/// differently.
pub(crate) fn problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > MAX_BYTES {
        return Some("is too long");
    }
    if text.contains('#') {
        return Some("must not have a fragment");
    }
    // Without an early exit, the compiler can vectorize the loop.
    let has_only_url_characters = text.bytes().fold(true, |only, byte| only & is_url_character(byte));
    if !has_only_url_characters || !has_whole_escapes(text) {
        return Some("may contain only the characters of a URL; percent-encode all others");
    }
    let parts = UrlParts::split(text);
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Some("is not an absolute URL");
    };
    if authority.contains('@') {
        return Some("must not have a user name or password");
    }
    if parts.path.split('/').any(is_dot_segment) {
        return Some("must not have a path segment `.` or `..`, because browsers remove them");
    }
    if !["http", "https"].into_iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Some("must use https or http");
    }
    // `Uri` finds a host in `evil.example:443[v1.a]:80`.
    let (host, port) = split_port(authority);
    if !is_host(host) {
        return Some("has no valid host and port");
    }
    (!port.is_none_or(is_port)).then_some("has a port that is not a number from 1 to 65535")
}

/// Accepts the characters of RFC 3986, section 2, except `#`. These exclude the backslash, which browsers read as a
/// slash.
fn is_url_character(byte: u8) -> bool {
    let is_unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    is_unreserved
        || matches!(byte, b':' | b'/' | b'?' | b'[' | b']' | b'@')
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
        || byte == b'%'
}

/// Recognizes percent-encoded dots too (WHATWG URL, "single-dot" and "double-dot URL path segment").
fn is_dot_segment(segment: &str) -> bool {
    without_dot(segment).is_some_and(|rest| rest.is_empty() || without_dot(rest) == Some(""))
}

/// Returns the text after the dot or the percent-encoded dot at its start.
fn without_dot(text: &str) -> Option<&str> {
    ["%2e", "%2E", "."].into_iter().find_map(|dot| text.strip_prefix(dot))
}

/// Accepts a port without leading zeros.
fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.parse::<u16>().is_ok()
}

/// Accepts a name of letters, digits, dots, hyphens, and underscores, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return ipv6_address(host).is_some();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    if is_number(last) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    name.split('.').all(is_label)
}

/// Returns whether a browser would read a host with this last label as an IPv4 address, in any notation (WHATWG URL,
/// "ends in a number").
fn is_number(label: &str) -> bool {
    let is_decimal = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    is_decimal || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
