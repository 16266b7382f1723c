//! The port: its address, and when it becomes free.

use std::{
    io,
    net::{Ipv4Addr, TcpListener as StdListener, TcpStream as StdStream, UdpSocket},
    time::Duration,
};

use openrouter_oauth_login::{Listener, ListenerError, ResultPage};
use tokio::time::timeout;

use super::fixture::{Fixture, browser, connect, read, status};

/// Returns the local addresses of sockets that listen on `port`, as Linux formats them.
#[cfg(target_os = "linux")]
fn listening(port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let sockets = tables.iter().flat_map(|table| table.lines().skip(1));
    let fields = sockets.map(|socket| socket.split_whitespace().collect::<Vec<_>>());
    let at_port = format!(":{port:04X}");
    fields
        .filter(|fields| fields[3] == LISTEN && fields[1].ends_with(&at_port))
        .map(|fields| fields[1].to_owned())
        .collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn listener_binds_only_the_loopback_address() {
    // L-1
    let listener = Listener::bind(0).await.unwrap();
    // 127.0.0.1 in the byte order of this machine.
    let loopback = u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets());
    assert_eq!(listening(listener.port()), [format!("{loopback:08X}:{:04X}", listener.port())]);
}

#[tokio::test]
async fn other_addresses_of_this_machine_do_not_connect() {
    // L-1
    let listener = Listener::bind(0).await.unwrap();
    // The source address for packets to the Internet. Nothing is sent.
    let outside = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        Ok(socket.local_addr()?.ip())
    });
    let others = ["127.0.0.2".parse().unwrap(), "::1".parse().unwrap()];
    for address in outside.into_iter().chain(others) {
        let connected = StdStream::connect((address, listener.port()));
        assert!(connected.is_err(), "{address}");
    }
    assert!(StdStream::connect((Ipv4Addr::LOCALHOST, listener.port())).is_ok());
}

#[tokio::test]
async fn callback_url_is_the_literal_address_and_port() {
    // L-2, L-4
    let listener = Listener::bind(0).await.unwrap();
    assert_ne!(listener.port(), 0);
    let url = listener.callback_url();
    assert_eq!(url.as_str(), format!("http://127.0.0.1:{}/callback", listener.port()));
}

#[tokio::test]
async fn second_listener_on_a_port_fails() {
    // L-3, F46
    let first = Listener::bind(0).await.unwrap();
    let error = Listener::bind(first.port()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("could not listen on port {} of 127.0.0.1", first.port()));
    let ListenerError::Bind { port, source } = error else { panic!("{error:?}") };
    assert_eq!((port, source.kind()), (first.port(), io::ErrorKind::AddrInUse));
    // Neither can a listener on all addresses. Other systems than Linux allow one, and prefer the first for 127.0.0.1.
    if cfg!(target_os = "linux") {
        assert!(StdListener::bind(("0.0.0.0", first.port())).is_err());
    }

    let other = StdListener::bind("127.0.0.1:0").unwrap();
    assert!(Listener::bind(other.local_addr().unwrap().port()).await.is_err());
}

#[tokio::test]
async fn fixed_port_can_be_chosen() {
    // L-2
    let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Another program may take the port in between.
    if let Ok(listener) = Listener::bind(port).await {
        assert_eq!(listener.port(), port);
    }
}

#[tokio::test]
async fn dropped_listener_leaves_nothing_behind() {
    // L-20
    let mut fixture = Fixture::new().await;
    let port = fixture.listener.port();
    let slow = connect(port).await;
    let page_shown = browser(port, fixture.good());
    let callback = fixture.listener.callback(&fixture.pending).await;
    drop(fixture);
    assert!(StdStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "the port is open");
    assert!(matches!(read(slow).await.as_deref(), Ok("") | Err(_)), "a connection is open");
    // The callback keeps its connection.
    callback.respond(ResultPage::SignedIn).await;
    assert_eq!(status(&page_shown.await.unwrap().unwrap()), 200);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    Listener::bind(port).await.unwrap();
}

#[tokio::test]
async fn listener_accepts_nothing_while_it_is_not_polled() {
    let mut fixture = Fixture::new().await;
    let mut page_shown = browser(fixture.listener.port(), fixture.good());
    assert!(timeout(Duration::from_millis(100), &mut page_shown).await.is_err());
    fixture.settle().await;
    assert_eq!(status(&page_shown.await.unwrap().unwrap()), 200);
}

#[test]
fn listener_and_its_futures_are_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let pending: fn() -> Fixture = || unreachable!();
    drop(assert_send(async move {
        let mut fixture = pending();
        fixture.listener.callback(&fixture.pending).await.respond(ResultPage::Failed).await;
        assert_send(fixture.listener).reject_others().await
    }));
}
