//! Plain `http` to another machine.

use std::{
    error::Error as _,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use openrouter_oauth_transport::{ErrorKind, Limits, Transport};
use openrouter_oauth_transport_hyper::{Builder, HyperTransport};

use crate::server::{KEY, exchange, granting, responding};

/// Resolves every name to this machine, and counts the lookups.
fn resolving(builder: Builder, lookups: &Arc<AtomicUsize>) -> Builder {
    let lookups = Arc::clone(lookups);
    builder.resolver(move |_| {
        lookups.fetch_add(1, Ordering::Relaxed);
        async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) }
    })
}

#[tokio::test]
async fn named_host_is_called_directly_over_http() {
    // C-9, C-17: neither proxy setting applies.
    let (server, proxy) = (granting(), responding("HTTP/1.1 200 OK\r\n\r\n"));
    let lookups = Arc::new(AtomicUsize::new(0));
    let builder = HyperTransport::builder().dangerously_allow_http("Emulator.test").proxy(proxy.origin());
    let transport = resolving(builder, &lookups).build().unwrap();
    let port = server.address().port();
    for host in ["emulator.test", "EMULATOR.test"] {
        let sent = transport.send(exchange(&format!("http://{host}:{port}")), Limits::default()).await;
        assert_eq!(sent.unwrap().body(), KEY, "{host}");
    }
    assert_eq!(server.requests()[0].values("host"), [format!("emulator.test:{port}").as_bytes()]);
    assert_eq!(proxy.connections().unwrap(), 0);
    assert!(lookups.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn other_hosts_are_rejected_before_a_lookup() {
    // C-9
    let server = granting();
    let lookups = Arc::new(AtomicUsize::new(0));
    let port = server.address().port();
    let without = resolving(HyperTransport::builder(), &lookups).build().unwrap();
    let builder = HyperTransport::builder().dangerously_allow_http("other.test");
    let with_another = resolving(builder, &lookups).build().unwrap();
    for transport in [without, with_another] {
        let sent = transport.send(exchange(&format!("http://emulator.test:{port}")), Limits::default()).await;
        let error = sent.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(!error.may_have_been_sent());
    }
    assert_eq!((lookups.load(Ordering::Relaxed), server.connections().unwrap()), (0, 0));
}

#[test]
fn invalid_host_is_reported() {
    // C-9
    for (bad, problem) in [
        ("emulator:80", "must be a host name"),
        ("*", "must be a host name"),
        ("a..b", "must be a host name"),
        ("192.0.2", "must be a host name"),
        ("openrouter.ai", "must not be OpenRouter's"),
        ("api.OpenRouter.ai.", "must not be OpenRouter's"),
    ] {
        let error = HyperTransport::builder().dangerously_allow_http(bad).build().unwrap_err();
        assert_eq!(error.to_string(), "invalid host for plain http", "{bad}");
        let source = error.source().unwrap().to_string();
        assert!(source.contains("dangerously_allow_http") && source.contains(problem), "{bad}: {source}");
    }
}
