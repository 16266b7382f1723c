//! The emulator on a loopback port.

pub(crate) mod connection;
pub(crate) mod in_memory;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use crate::{http::route::API_PREFIX, service::Service};

/// The largest number of simultaneous connections. Others wait in the system's queue.
const CONNECTION_LIMIT: usize = 256;

/// An emulator that listens on `127.0.0.1`. Dropping it stops the server.
#[derive(Debug)]
#[must_use = "the server stops when it is dropped"]
pub struct EmulatorServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// The error of [`Emulator::serve`](crate::Emulator::serve).
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another program is listening on the port.
    #[error(
        "port {port} of 127.0.0.1 is in use by another program; choose another port, or 0 for any free port"
    )]
    PortTaken {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not let this user listen on the port.
    #[error(
        "no permission to listen on port {port} of 127.0.0.1; choose a port above 1023, or 0 for any free port"
    )]
    NotAllowed {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// Listening on the port failed for another reason.
    #[error("could not listen on port {port} of 127.0.0.1")]
    Other {
        /// The requested port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
}

impl EmulatorServer {
    /// Returns `http://127.0.0.1:PORT/api/v1`, the base URL for a client.
    pub fn base_url(&self) -> String {
        format!("http://{}{API_PREFIX}", self.addr)
    }

    /// Returns the server's address.
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

    pub(crate) async fn start(service: Arc<Service>, port: u16) -> Result<Self, ServeError> {
        let to_serve_error = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortTaken { port, source },
            io::ErrorKind::PermissionDenied => ServeError::NotAllowed { port, source },
            _ => ServeError::Other { port, source },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(to_serve_error)?;
        let addr = listener.local_addr().map_err(to_serve_error)?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, service, stopped));
        Ok(Self { addr, stop: Some(stop), task })
    }
}

impl Drop for EmulatorServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTION_LIMIT => match accepted {
                Ok((stream, _)) => {
                    // Without this, small responses wait for the client's acknowledgment.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection::serve(Arc::clone(&service), stream));
                }
                // If the process is out of file descriptors, an immediate retry would fail too.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    connections.shutdown().await;
}
