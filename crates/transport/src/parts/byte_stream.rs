//! The connection to a proxy.

use std::{future::Future, io};

/// A connection to a proxy, over TCP or TLS, for [`Proxy::open`](super::Proxy::open).
///
/// The futures of a connection that blocks complete when they are first polled, so `open` does too.
pub trait ByteStream: Send {
    /// Reads at least one byte into `buffer`, and returns how many were read. Returns 0 if the proxy closed the
    /// connection.
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes all of `bytes`, and flushes the connection.
    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}
