//! Name lookups.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    sync::mpsc,
    thread,
    time::Duration,
};

use http::Uri;
use openrouter_oauth_transport::parts::Proxy;
use ureq::{
    Error, Timeout,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use crate::deadline::Deadline;

/// The operating system's resolver, in a thread. It looks up the proxy instead of the host of a request, if there is
/// one.
///
/// Unlike ureq's own, it does not look up addresses, or `localhost` in an `http` URL, and returns an error if no thread
/// can be started.
#[derive(Debug)]
pub(crate) struct SystemResolver {
    pub(crate) connecting: Deadline,
    pub(crate) proxy: Option<Proxy>,
}

/// How many addresses ureq can hold.
const MAX_ADDRESSES: usize = 16;

impl Resolver for SystemResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let uri = self.proxy.as_ref().map_or(uri, Proxy::uri);
        let target = uri.scheme().zip(uri.authority());
        let target = target.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        let target = target.ok_or(Error::HostNotFound)?;
        let mut addresses = self.empty();
        for address in alternating(self.look_up(uri, target, timeout)?).into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

impl SystemResolver {
    /// Returns the addresses of `target`, a host and port.
    fn look_up(&self, uri: &Uri, target: String, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
        if let Ok(address) = target.parse() {
            return Ok(vec![address]);
        }
        let is_localhost = uri.host().is_some_and(|host| host.eq_ignore_ascii_case("localhost"));
        if is_localhost && uri.scheme_str() == Some("http") {
            let port = uri.port_u16().unwrap_or(80);
            return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
        }
        look_up_within(
            |target| Ok(target.to_socket_addrs()?.collect()),
            target,
            self.connecting.timeout().min(*timeout.after),
        )
    }
}

/// Alternates IPv4 and IPv6 (RFC 8305, section 4). ureq gives each address half the time of the one before, so if one
/// of the two does not work on this network, the first address of the other must be the second.
fn alternating(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let starts_with_ipv4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let (first, other): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv4() == starts_with_ipv4);
    let mut other = other.into_iter();
    let mut ordered = Vec::new();
    for address in first {
        ordered.push(address);
        ordered.extend(other.next());
    }
    ordered.extend(other);
    ordered
}

/// Calls `look_up` with `target` in a thread, because a lookup cannot be interrupted.
fn look_up_within(
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    target: String,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Error> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let run = move || {
        // After the limit, the receiver no longer exists.
        let _unread = sender.send(look_up(&target));
    };
    thread::Builder::new().name("resolver".into()).spawn(run)?;
    match receiver.recv_timeout(limit) {
        Ok(found) => Ok(found?),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Error::Timeout(Timeout::Resolve)),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(io::Error::other("the name lookup ended without a result").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn lookup_that_hangs_ends_with_the_limit() {
        // C-12: nothing can end the thread of the lookup.
        let hang = |_: &str| loop {
            thread::park();
        };
        let start = Instant::now();
        let error =
            look_up_within(hang, "openrouter.invalid:443".into(), Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, Error::Timeout(Timeout::Resolve)), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn addresses_alternate_between_ipv4_and_ipv6() {
        for (found, expected) in [
            (&[][..], &[][..]),
            (&["[::1]:1"], &["[::1]:1"]),
            (
                &["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1", "127.0.0.2:1"],
                &["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "[::3]:1"],
            ),
            (
                &["127.0.0.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
                &["127.0.0.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
            ),
        ] {
            let found = found.iter().map(|address| address.parse().unwrap()).collect();
            let ordered: Vec<_> = alternating(found).iter().map(SocketAddr::to_string).collect();
            assert_eq!(ordered, expected);
        }
    }
}
