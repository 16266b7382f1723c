//! Ports for tests. No other test can take the port of a [`ClosedPort`].

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::net::TcpSocket;

/// A port on which nothing listens. Nothing else can take it while this value exists.
#[derive(Debug)]
pub(crate) struct ClosedPort {
    socket: TcpSocket,
}

impl ClosedPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self { socket }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }
}

/// Returns a free port for a listener that must know its port in advance. The port is not reserved. It is below the
/// range from which Linux, macOS and Windows assign ports.
pub(crate) fn fixed_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    /// More ports than one test process takes.
    const STRIDE: u16 = 50;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at the same time have adjacent IDs, and take ports that are far apart.
    let slot = u16::try_from(process::id() % u32::from(COUNT / STRIDE)).unwrap();
    let offset = slot * STRIDE;
    let mut ports = (0..COUNT).map(|_| FIRST + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}
