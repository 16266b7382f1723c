//! A TCP switch in front of a server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Forwards connections to a server, and can turn to another, as a service's name does at a failover.
///
/// Dropping it closes all connections.
#[derive(Debug)]
pub struct Switch {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    target: Option<SocketAddr>,
    connections: JoinSet<()>,
}

impl Switch {
    /// Starts a switch on a free port, which forwards to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { target: Some(target), connections: JoinSet::new() };
        let state = Arc::new(Mutex::new(state));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, accepting }
    }

    /// Returns the address of the switch.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forwards new connections to `target`, and keeps the others.
    pub fn turn_new_to(&self, target: SocketAddr) {
        self.state.lock().unwrap().target = Some(target);
    }

    /// Closes all connections, and forwards new ones to `target`. With `None`, it closes new ones too.
    pub fn turn_to(&self, target: Option<SocketAddr>) {
        let mut state = self.state.lock().unwrap();
        state.target = target;
        state.connections = JoinSet::new();
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.accepting.abort();
        self.turn_to(None);
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut state = state.lock().unwrap();
        let Some(target) = state.target else { continue };
        state.connections.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(target).await {
                // A broken connection is closed on both sides.
                let _closed = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
