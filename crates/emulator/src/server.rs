//! The emulator on a port.

mod activity;
pub(crate) mod connection;
mod connections;
pub(crate) mod in_memory;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use self::connections::Connections;
use crate::{http::route::API_PREFIX, service::Service};

/// An emulator that listens on a port. Dropping it stops the server.
#[derive(Debug)]
#[must_use = "the server stops when it is dropped"]
pub struct EmulatorServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// The error of [`Emulator::serve`](crate::Emulator::serve) and [`Emulator::serve_on`](crate::Emulator::serve_on).
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another program is listening on the port.
    #[error(
        "port {} of {} is in use by another program; choose another port, or 0 for any free port",
        addr.port(),
        addr.ip()
    )]
    PortTaken {
        /// The requested address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not let this user listen on the port.
    #[error(
        "no permission to listen on port {} of {}; choose a port above 1023, or 0 for any free port",
        addr.port(),
        addr.ip()
    )]
    NotAllowed {
        /// The requested address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The IP address does not belong to this machine.
    #[error(
        "this machine does not have the address {}; choose one that it has, or {} for all of them",
        addr.ip(),
        unspecified(*addr)
    )]
    AddressNotAvailable {
        /// The requested address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// Listening on the port failed for another reason.
    #[error("could not listen on port {} of {}", addr.port(), addr.ip())]
    Other {
        /// The requested address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
}

impl ServeError {
    fn new(addr: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { addr, source },
            io::ErrorKind::PermissionDenied => Self::NotAllowed { addr, source },
            io::ErrorKind::AddrNotAvailable => Self::AddressNotAvailable { addr, source },
            _ => Self::Other { addr, source },
        }
    }
}

impl EmulatorServer {
    /// Returns the base URL for a client, such as `http://127.0.0.1:8080/api/v1`.
    ///
    /// A server on all addresses (`0.0.0.0` or `::`) returns the loopback address. A client on another machine needs
    /// one of this machine's other addresses or names instead.
    pub fn base_url(&self) -> String {
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(loopback(addr));
        }
        format!("http://{addr}{API_PREFIX}")
    }

    /// Returns the address that the server listens on, with the port that the system chose if the requested one was 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops the server. When this returns, the port is free, and every connection is closed, even one in the middle
    /// of a response.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // Sending fails only if the task has ended.
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }

    pub(crate) async fn start(service: Arc<Service>, addr: SocketAddr) -> Result<Self, ServeError> {
        let to_serve_error = |source| ServeError::new(addr, source);
        let listener = TcpListener::bind(addr).await.map_err(to_serve_error)?;
        let addr = listener.local_addr().map_err(to_serve_error)?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(run(listener, service, stopped));
        Ok(Self { addr, stop: Some(stop), task })
    }
}

impl Drop for EmulatorServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, service: Arc<Service>, stopped: oneshot::Receiver<()>) {
    let limit = service.state().settings.max_connections;
    let mut connections = Connections::new(limit);
    tokio::select! {
        _ = stopped => {}
        () = accept(&listener, &service, &mut connections) => {}
    }
    connections.shutdown().await;
}

/// Accepts connections until the future is dropped. While no connection can make room, new clients wait in the
/// system's queue.
async fn accept(listener: &TcpListener, service: &Arc<Service>, connections: &mut Connections) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without this, small responses wait for the client's acknowledgment.
                let _ = stream.set_nodelay(true);
                connections.make_room().await;
                connections.serve(Arc::clone(service), stream);
            }
            // The client has gone, and nothing is wrong here.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // If the process is out of file descriptors, an idle connection can give one back. Otherwise, an immediate
            // retry would fail too.
            Err(_) => {
                if !connections.close_longest_idle().await {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

fn loopback(addr: SocketAddr) -> IpAddr {
    match addr {
        SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

fn unspecified(addr: SocketAddr) -> IpAddr {
    match addr {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
