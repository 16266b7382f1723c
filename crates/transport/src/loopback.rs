//! The hosts that mean this machine.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Returns whether the host of a URL means this machine: `localhost`, an address in `127.0.0.0/8`, or `[::1]`.
///
/// A transport may send requests to such a host over plain `http`, if it does not look up `localhost` but connects to
/// `127.0.0.1` or `[::1]`: a resolver may return another machine.
///
/// ```
/// use openrouter_oauth_transport::is_loopback;
///
/// assert!(is_loopback("LocalHost") && is_loopback("127.0.0.9") && is_loopback("[::1]"));
/// assert!(!is_loopback("localhost.evil.example") && !is_loopback("127.1"));
/// ```
pub fn is_loopback(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match v6 {
        Some(v6) => v6.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
    }
}
