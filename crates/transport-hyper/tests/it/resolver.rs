//! Tests of name resolution.

use std::{
    future::pending,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::HyperTransport;

use crate::{
    failure::assert_not_sent,
    origin::Origin,
    server::{KEY, exchange, granting},
    tunnel,
};

const HOST: &str = "openrouter.test";

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An address of this machine on which nothing listens.
const DEAD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Starts a server whose name only a custom resolver can resolve.
fn origin() -> Origin {
    Origin::named(HOST)
}

/// Creates a transport that resolves every name to these addresses.
fn at(origin: &Origin, addresses: Vec<IpAddr>) -> HyperTransport {
    let builder = origin.builder().no_proxy().resolver(move |name| {
        assert_eq!(name, HOST);
        let addresses = addresses.clone();
        async { Ok(addresses) }
    });
    builder.build().unwrap()
}

#[tokio::test]
async fn failed_lookup_is_a_connect_error() {
    // F1: NXDOMAIN, SERVFAIL, and no address. The next lookup succeeds.
    let origin = origin();
    for response in [
        || Err(io::Error::new(io::ErrorKind::NotFound, "no such host").into()),
        || Err("the name server failed".into()),
        || Ok(vec![]),
    ] {
        let asked = AtomicUsize::new(0);
        let builder = origin.builder().no_proxy().resolver(move |_| {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { response() } else { Ok(vec![HERE]) } }
        });
        let transport = builder.build().unwrap();
        assert_not_sent(origin.send(&transport).await, ErrorKind::Connect, "not found");
        assert_eq!(origin.send(&transport).await.unwrap(), KEY);
    }
    assert_eq!(origin.server.requests().len(), 3);
}

#[tokio::test]
async fn connect_timeout_covers_the_lookup() {
    // F1, C-12
    let origin = origin();
    let builder =
        origin.builder().no_proxy().resolver(|_| pending()).connect_timeout(Duration::from_millis(100));
    let start = Instant::now();
    assert_not_sent(origin.send(&builder.build().unwrap()).await, ErrorKind::Connect, "no response");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(origin.server.connections().unwrap(), 0);
}

#[tokio::test]
async fn addresses_are_tried_until_one_connects() {
    // F1
    let origin = origin();
    // Windows takes longer to refuse a connection.
    let mut addresses = vec![DEAD; if cfg!(windows) { 9 } else { 999 }];
    assert_not_sent(origin.send(&at(&origin, addresses.clone())).await, ErrorKind::Connect, "all dead");
    addresses.push(HERE);
    assert_eq!(origin.send(&at(&origin, addresses)).await.unwrap(), KEY);
    assert_eq!(origin.server.requests().len(), 1);
}

#[tokio::test]
async fn next_address_is_tried_after_a_dead_one() {
    // F2, F6: refused, unreachable, and of the other family. TCP can never reach a multicast address.
    let origin = origin();
    let multicast = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1));
    for first in [DEAD, multicast, IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        assert_not_sent(origin.send(&at(&origin, vec![first])).await, ErrorKind::Connect, &first.to_string());
        assert_eq!(origin.send(&at(&origin, vec![first, HERE])).await.unwrap(), KEY, "{first}");
    }
    assert_eq!(origin.server.requests().len(), 3);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn silent_address_leaves_time_for_the_next() {
    // F2. When a listener's queue is full, Linux drops connection attempts.
    let origin = origin();
    let address = std::net::SocketAddr::new(DEAD, origin.server.address().port());
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(address).unwrap();
    let _silent = socket.listen(1).unwrap();
    let connect =
        || tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address));
    let mut queue = Vec::new();
    while let Ok(queued) = connect().await {
        queue.push(queued.unwrap());
    }
    assert_eq!(origin.send(&at(&origin, vec![DEAD, HERE])).await.unwrap(), KEY);
}

#[tokio::test]
async fn localhost_and_proxied_hosts_are_not_looked_up() {
    let origin = origin();
    let proxy = tunnel::proxy(origin.server.address());
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let resolver = {
        let asked = Arc::clone(&asked);
        move |name: String| {
            asked.lock().unwrap().push(name);
            async { Ok(vec![HERE]) }
        }
    };
    let url = format!("http://proxy.test:{}", proxy.address().port());
    let transport = origin.builder().proxy(&url).resolver(resolver).build().unwrap();
    assert_eq!(origin.send(&transport).await.unwrap(), KEY);

    let plain = granting();
    let localhost = exchange(&format!("http://localhost:{}", plain.address().port()));
    assert_eq!(transport.send(localhost, Limits::default()).await.unwrap().body(), KEY);
    assert_eq!(*asked.lock().unwrap(), ["proxy.test"]);
}
