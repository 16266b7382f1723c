//! A TCP stream that breaks at a given byte.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::timeout,
};

use crate::case::{Direction, Fault, FaultKind};

/// The server's end of a connection. Records what the server reads and writes.
///
/// The fault is below TLS, so it hits handshakes and records alike. After a fault that ends the connection, every read
/// and write fails, and [`finish`](Self::finish) closes, resets or stalls the connection.
pub(crate) struct FaultyStream {
    stream: TcpStream,
    fault: Option<Fault>,
    /// The bytes that were read, without the flipped bit.
    read: Vec<u8>,
    /// The bytes that were written, without the flipped bit.
    written: Vec<u8>,
    /// How many bytes had been read when the first byte was written: the length of the client's first message.
    pub(crate) read_at_first_write: Option<usize>,
    is_broken: bool,
}

/// Longer than any client keeps a broken connection open.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);

impl FaultyStream {
    pub(crate) fn new(stream: TcpStream, fault: Option<Fault>) -> Self {
        let (read, written) = (Vec::new(), Vec::new());
        Self { stream, fault, read, written, read_at_first_write: None, is_broken: false }
    }

    /// Applies the fault, or reads until the client closes the connection. Returns all bytes that the client sent.
    pub(crate) async fn finish(mut self) -> Vec<u8> {
        let kind = self.fault.filter(|_| self.is_broken).map(|fault| fault.kind);
        match kind {
            Some(FaultKind::Reset) => {
                let _gone = self.stream.set_zero_linger();
                return self.read;
            }
            Some(FaultKind::Stall) => {}
            _ => {
                let _gone = self.stream.shutdown().await;
            }
        }
        let _broken = timeout(DRAIN_TIMEOUT, self.stream.read_to_end(&mut self.read)).await;
        self.read
    }

    /// Returns how many bytes were read and written so far.
    pub(crate) fn bytes_so_far(&self) -> (usize, usize) {
        (self.read.len(), self.written.len())
    }

    /// Returns how many of these bytes pass before the fault.
    fn allowed(&mut self, direction: Direction, passed: usize, wanted: usize) -> io::Result<usize> {
        let allowed = match self.fault {
            Some(fault) if fault.direction == direction && fault.kind != FaultKind::Flip => {
                fault.offset.saturating_sub(passed)
            }
            _ => wanted,
        };
        self.is_broken |= allowed == 0 && wanted > 0;
        if self.is_broken { Err(io::Error::other("a fault")) } else { Ok(allowed.min(wanted)) }
    }

    fn flip(&self, direction: Direction, passed: usize, bytes: &mut [u8]) {
        let Some(fault) =
            self.fault.filter(|fault| fault.direction == direction && fault.kind == FaultKind::Flip)
        else {
            return;
        };
        let byte = fault.offset.checked_sub(passed).and_then(|at| bytes.get_mut(at));
        if let Some(byte) = byte {
            *byte ^= 1 << (fault.offset % 8);
        }
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let passed = self.read.len();
        let mut buffer_space = [0; 4096];
        let allowed =
            self.allowed(Direction::FromClient, passed, buffer.remaining().min(buffer_space.len()))?;
        let mut part = ReadBuf::new(&mut buffer_space[..allowed]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        self.read.extend_from_slice(part.filled());
        self.flip(Direction::FromClient, passed, part.filled_mut());
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (passed, read) = (self.written.len(), self.read.len());
        self.read_at_first_write.get_or_insert(read);
        let allowed = self.allowed(Direction::ToClient, passed, bytes.len())?;
        let mut flipped = bytes[..allowed].to_vec();
        self.flip(Direction::ToClient, passed, &mut flipped);
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &flipped))?;
        self.written.extend_from_slice(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
