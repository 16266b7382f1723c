//! The list in `NO_PROXY`.

use std::net::IpAddr;

/// The hosts to connect to directly.
#[derive(Clone, Debug)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug)]
enum Entry {
    All,
    /// A domain and its subdomains, in lowercase and without a leading dot.
    Domain(String),
    /// The addresses that begin with this many bits of this one.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Parses a list, which is separated by commas and optional spaces.
    pub(super) fn parse(list: &str) -> Self {
        Self(list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Entry::parse).collect())
    }

    /// Returns whether the list contains `host`, which is written as in a URL.
    pub(super) fn contains(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        match host.parse() {
            Ok(address) => self.0.iter().any(|entry| entry.contains_address(address)),
            Err(_) => self.0.iter().any(|entry| entry.contains_name(&host)),
        }
    }
}

impl Entry {
    fn parse(text: &str) -> Self {
        let network = || {
            let (address, bits) = text.split_once('/')?;
            let address = address.parse().ok()?;
            let bits = bits.parse().ok().filter(|bits| *bits <= length(address))?;
            Some(Self::Network(address, bits))
        };
        match text.parse() {
            _ if text == "*" => Self::All,
            Ok(address) => Self::Network(address, length(address)),
            Err(_) => network().unwrap_or_else(|| {
                let name = text.strip_prefix('.').unwrap_or(text);
                Self::Domain(name.to_ascii_lowercase())
            }),
        }
    }

    fn contains_address(&self, address: IpAddr) -> bool {
        match self {
            Self::All => true,
            Self::Domain(_) => false,
            Self::Network(network, bits) => begins_with(address, *network, *bits),
        }
    }

    fn contains_name(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Domain(domain) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network(..) => false,
        }
    }
}

/// Returns the length of an address in bits.
fn length(address: IpAddr) -> u32 {
    if address.is_ipv4() { u32::BITS } else { u128::BITS }
}

/// Returns whether `address` begins with the first `bits` bits of `network`.
fn begins_with(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits,
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros() >= bits,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_contains_hosts_domains_and_networks() {
        let list = NoProxy::parse(
            " openrouter.ai, .example.com,10.0.0.0/8,192.168.1.1,[::2], ::3,fd00::/8,11.0.0.0/33,,",
        );
        for host in [
            "openrouter.ai",
            "OpenRouter.AI",
            "api.openrouter.ai",
            "example.com",
            "a.b.example.com",
            "10.1.2.3",
            "192.168.1.1",
            "[::3]",
            "[fdff::1]",
        ] {
            assert!(list.contains(host), "{host}");
        }
        for host in [
            "notopenrouter.ai",
            "openrouter.ai.evil.example",
            "ai",
            "11.0.0.1",
            "192.168.1.2",
            "[::2]",
            "[::4]",
            "[fe00::1]",
            "10.1.2.3.example",
        ] {
            assert!(!list.contains(host), "{host}");
        }
        for host in ["openrouter.ai", "10.1.2.3", "[::1]"] {
            assert!(NoProxy::parse("x, *").contains(host) && !NoProxy::parse("").contains(host), "{host}");
        }
    }
}
