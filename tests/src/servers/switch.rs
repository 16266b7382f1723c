//! A TCP switch in front of a server.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
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
    forwarded: Arc<AtomicUsize>,
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
        let forwarded = Arc::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state), Arc::clone(&forwarded)));
        Self { address, state, forwarded, accepting }
    }

    /// Returns the address of the switch.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how many bytes were forwarded from clients to servers.
    pub fn forwarded_bytes(&self) -> usize {
        self.forwarded.load(Ordering::Relaxed)
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

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, forwarded: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut state = state.lock().unwrap();
        let Some(target) = state.target else { continue };
        let forwarded = Arc::clone(&forwarded);
        state.connections.spawn(async move {
            if let Ok(server) = TcpStream::connect(target).await {
                // A broken connection is closed on both sides.
                let _closed = forward_both_ways(client, server, &forwarded).await;
            }
        });
    }
}

async fn forward_both_ways(
    mut client: TcpStream,
    mut server: TcpStream,
    forwarded: &AtomicUsize,
) -> io::Result<()> {
    let ((mut requests, mut to_client), (mut responses, mut to_server)) = (client.split(), server.split());
    let forward = async {
        let mut buffer = vec![0; 8 * 1024];
        loop {
            let length = requests.read(&mut buffer).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            to_server.write_all(&buffer[..length]).await?;
            forwarded.fetch_add(length, Ordering::Relaxed);
        }
    };
    let back = async {
        tokio::io::copy(&mut responses, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(forward, back).map(drop)
}
