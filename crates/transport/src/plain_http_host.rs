//! The host that a client may call over plain `http`.

use std::{
    error::Error as StdError,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// The one host, besides loopback hosts, that a program may call over plain `http`, for a test network. It is never
/// OpenRouter.
///
/// It is the checked argument of `dangerously_allow_http`, which the builders of `openrouter-oauth` and of its
/// transports on hyper and ureq have. A transport of your own can check its hosts with it, too.
///
/// ```
/// use openrouter_oauth_transport::PlainHttpHost;
///
/// let host = PlainHttpHost::parse("emulator").unwrap();
/// assert!(host.matches("EMULATOR"));
/// assert!(!host.matches("emulator.evil.example"));
/// assert!(PlainHttpHost::parse("openrouter.ai").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct PlainHttpHost(String);

/// The error of [`PlainHttpHost::parse`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidPlainHttpHost(Problem);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Problem {
    NoHost,
    OpenRouter,
}

impl PlainHttpHost {
    /// Parses a host: a name of at most 253 characters, an IPv4 address, or an IPv6 address in brackets, without a
    /// scheme or a port. A name consists of ASCII letters, digits, `-`, `_`, and single periods.
    ///
    /// # Errors
    ///
    /// If `text` is not a host, or if it is `openrouter.ai` or a subdomain of it.
    pub fn parse(text: &str) -> Result<Self, InvalidPlainHttpHost> {
        if !(is_name(text) || is_address(text)) {
            return Err(InvalidPlainHttpHost(Problem::NoHost));
        }
        let host = text.to_ascii_lowercase();
        let name = without_root(&host);
        if name == OPENROUTER || name.strip_suffix(OPENROUTER).is_some_and(|rest| rest.ends_with('.')) {
            return Err(InvalidPlainHttpHost(Problem::OpenRouter));
        }
        Ok(Self(host))
    }

    /// Returns whether a URL's host is this one: the same text, in uppercase or lowercase.
    pub fn matches(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.0)
    }

    /// Returns the host in lowercase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const OPENROUTER: &str = "openrouter.ai";

/// The longest name in the DNS, without the final period (RFC 1035, section 2.3.4).
const NAME_LIMIT: usize = 253;

fn is_name(text: &str) -> bool {
    let name = without_root(text);
    name.len() <= NAME_LIMIT
        && name.split('.').all(is_label)
        && !name.rsplit('.').next().is_some_and(is_number)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns whether a name that ends with this label is an IPv4 address in an old notation, such as `127.1`, `0x7f.1`,
/// or `2130706433`. The system might resolve it to another host.
fn is_number(label: &str) -> bool {
    let digits = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    match digits {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

fn is_address(text: &str) -> bool {
    let v6 = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match v6 {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => text.parse::<Ipv4Addr>().is_ok(),
    }
}

/// Removes the final period of a fully qualified name.
fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

impl InvalidPlainHttpHost {
    /// Returns the problem without the subject, such as "must not be OpenRouter's, …".
    pub fn problem(self) -> &'static str {
        match self.0 {
            Problem::NoHost => {
                "must be a host name, an IPv4 address, or an IPv6 address in brackets, without a scheme or a port"
            }
            Problem::OpenRouter => "must not be OpenRouter's, which is called only over https",
        }
    }
}

impl fmt::Display for InvalidPlainHttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the host of `dangerously_allow_http` {}", self.problem())
    }
}

impl StdError for InvalidPlainHttpHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_has_no_port_and_no_wildcard() {
        // C-9
        for good in [
            "emulator",
            "Emulator.test",
            "a_b-c",
            "192.0.2.1",
            "[fd00::2]",
            "[::ffff:192.0.2.1]",
            "emulator.",
            "notopenrouter.ai",
            "openrouter.ai.test",
            "0xemulator",
            "1.emulator",
            &"a".repeat(253),
        ] {
            assert!(PlainHttpHost::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "*",
            "*.test",
            ".test",
            "emulator..",
            "a..b",
            "emulator:8080",
            "emulator:",
            "http://emulator",
            "//emulator",
            "emulator/",
            "emulator/api",
            "emulator?",
            "emulator#",
            "user@emulator",
            "emulator,other",
            "emulator other",
            " emulator",
            "emulator\n",
            "fd00::2",
            "[fd00::2",
            "[fd00::2]:80",
            "[fe80::1%25eth0]",
            "[emulator]",
            "192.0.2",
            "192.0.2.1.",
            "192.0.2.256",
            "127.1",
            "0x7f.1",
            "0x7F000001",
            "a.0x",
            "2130706433",
            "emul\u{e4}tor",
            &"a".repeat(254),
        ] {
            let error = PlainHttpHost::parse(bad).unwrap_err();
            assert!(error.problem().starts_with("must be a host name"), "{bad}: {error}");
        }
    }

    #[test]
    fn openrouter_is_never_called_over_http() {
        // C-9
        for bad in [
            "openrouter.ai",
            "OpenRouter.AI",
            "openrouter.ai.",
            "api.openrouter.ai",
            "a.b.OPENROUTER.ai.",
            "www.openrouter.ai",
        ] {
            let error = PlainHttpHost::parse(bad).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the host of `dangerously_allow_http` must not be OpenRouter's, which is called only over https",
                "{bad}"
            );
        }
    }

    #[test]
    fn only_the_same_text_matches() {
        let host = PlainHttpHost::parse("[FD00::2]").unwrap();
        assert_eq!(host.as_str(), "[fd00::2]");
        assert!(host.matches("[fd00::2]") && host.matches("[FD00::2]"));
        for other in ["[fd00:0::2]", "[fd00::3]", "fd00::2", ""] {
            assert!(!host.matches(other), "{other}");
        }
    }
}
