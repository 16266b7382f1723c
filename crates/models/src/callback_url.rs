//! Where the browser goes after the user has approved.

use http::Uri;

use crate::{
    constant_time::ConstantTime,
    text::{FromText, InvalidValue, plain_text},
};

plain_text! {
    /// A callback URL that OpenRouter documents: `https` on any host, or `http` on `127.0.0.1` or `localhost` with any
    /// port.
    ///
    /// At most 2,048 bytes of ASCII, without user information and without a fragment. `http://[::1]` is not taken:
    /// nobody knows whether OpenRouter does, and RFC 8252 (section 8.3) asks for the literal `127.0.0.1` rather than
    /// `localhost`.
    #[doc(alias = "callback_url")]
    CallbackUrl
}

impl FromText for CallbackUrl {
    const WHAT: &'static str = "callback URL";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        match problem(text) {
            Some(problem) => Err(InvalidValue::new(Self::WHAT, problem)),
            None => Ok(Self(Box::from(text))),
        }
    }
}

impl CallbackUrl {
    /// Whether `path` is the path of this URL. That of a sign-in's callback ends in its nonce, so they are compared in
    /// constant time.
    pub fn has_path(&self, path: &str) -> bool {
        self.path().is(&ConstantTime::new(path))
    }

    fn path(&self) -> ConstantTime<&str> {
        let place = self.0.split('?').next().unwrap_or_default();
        let place = place.split_once("//").map_or(place, |(_, place)| place);
        ConstantTime::new(place.get(place.find('/').unwrap_or(place.len())..).unwrap_or_default())
    }
}

/// What is wrong with `text` (C-8).
///
/// Stricter than the parser of [`Uri`], which browsers do not share: what two parsers may read differently is refused.
fn problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > 2048 {
        return Some("is too long");
    }
    if text.contains('#') {
        return Some("may not have a fragment");
    }
    if !text.bytes().all(is_url_character) || !has_whole_escapes(text) {
        return Some("may hold only the characters of a URL; others must be percent-encoded");
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return Some("is not a URL");
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Some("is not an absolute URL");
    };
    if authority.as_str().contains('@') {
        return Some("may not have a user name or password");
    }
    if uri.path().split('/').any(is_dot_segment) {
        return Some("may not have a path segment `.` or `..`, which browsers take away");
    }
    if !has_plain_port(authority) {
        return Some("has a port that is not a number from 1 to 65535");
    }
    match (scheme, authority.host()) {
        ("https", host) if is_host(host) => None,
        ("https", _) => Some("has no valid host"),
        ("http", "127.0.0.1" | "localhost") => None,
        _ => Some("must use https, or http on 127.0.0.1 or localhost"),
    }
}

/// The characters of RFC 3986, section 2, without `#`. A backslash is not among them: browsers read it as a slash.
fn is_url_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// Also when it is percent-encoded (WHATWG URL, "single-dot" and "double-dot URL path segment").
fn is_dot_segment(segment: &str) -> bool {
    matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

/// Whether what stands after the host is nothing, or a colon and a port.
fn has_plain_port(authority: &http::uri::Authority) -> bool {
    match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        Some(rest) => authority.port_u16().is_some_and(|port| port != 0 && rest == format!(":{port}")),
        None => false,
    }
}

/// A name of letters, digits, dots and hyphens, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    if is_number(last) {
        return host.parse::<std::net::Ipv4Addr>().is_ok();
    }
    name.split('.').all(is_label)
}

/// Whether a browser takes a host with this last label for an IPv4 address, in whichever of its spellings (WHATWG URL,
/// "ends in a number").
fn is_number(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let is_decimal = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal || label.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constant_time::tests::check_compares;

    #[test]
    fn path_is_compared_in_constant_time() {
        // L-5, S-11
        for url in ["https://my.app/callback?a=b", "http://localhost:1/callback"] {
            let url = CallbackUrl::parse(url).unwrap();
            check_compares(9, true, || url.has_path("/callback"));
            check_compares(9, false, || url.has_path("xcallback"));
            check_compares(9, false, || url.has_path("/callbacx"));
            check_compares(0, false, || url.has_path("/callback/"));
        }
    }
}
