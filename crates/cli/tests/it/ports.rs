//! Ports for tests. No other test can take that of a [`ClosedPort`].

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::net::TcpSocket;

/// A port on which nothing listens, and which nothing else can take while this lives.
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

/// A free port for a listener that has to know it in advance. It is not reserved. It lies below the range from which Linux, macOS and Windows
/// take a port that nobody named.
pub(crate) fn fixed_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 10_000;
    /// More than one test process takes.
    const STRIDE: u16 = 50;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at the same time, with adjacent IDs, take ports that are far apart.
    let slot = u16::try_from(process::id() % u32::from(COUNT / STRIDE)).unwrap();
    let offset = slot * STRIDE;
    let mut ports = (0..COUNT).map(|_| FIRST + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}
