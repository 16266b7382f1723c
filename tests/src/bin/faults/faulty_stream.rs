//! A connection that breaks at a given byte.

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

use crate::case::{Fault, Kind, Way};

/// The peer's end of a connection, with what was read and written of it.
///
/// A fault lies below TLS, so that it hits handshakes and records alike. Where it ends the line, every further read and
/// write fails, and [`finish`](Self::finish) does to the connection what the fault is about.
pub(crate) struct Line {
    stream: TcpStream,
    fault: Option<Fault>,
    /// What was read, without the flipped bit.
    read: Vec<u8>,
    /// What was written, without the flipped bit.
    written: Vec<u8>,
    /// What had been read when the first byte was written: the client's first message.
    pub(crate) read_at_first_write: Option<usize>,
    has_ended: bool,
}

/// Longer than any client waits.
const MOST: Duration = Duration::from_secs(20);

impl Line {
    pub(crate) fn new(stream: TcpStream, fault: Option<Fault>) -> Self {
        let (read, written) = (Vec::new(), Vec::new());
        Self { stream, fault, read, written, read_at_first_write: None, has_ended: false }
    }

    /// Ends the connection by its fault, or reads on until the client ends it. Returns all that the client sent.
    pub(crate) async fn finish(mut self) -> Vec<u8> {
        let kind = self.fault.filter(|_| self.has_ended).map(|fault| fault.kind);
        match kind {
            Some(Kind::Reset) => {
                let _gone = self.stream.set_zero_linger();
                return self.read;
            }
            Some(Kind::Stall) => {}
            _ => {
                let _gone = self.stream.shutdown().await;
            }
        }
        let _broken = timeout(MOST, self.stream.read_to_end(&mut self.read)).await;
        self.read
    }

    /// How many bytes were read and written.
    pub(crate) fn so_far(&self) -> (usize, usize) {
        (self.read.len(), self.written.len())
    }

    /// How many of these bytes may pass.
    fn room(&mut self, way: Way, done: usize, wanted: usize) -> io::Result<usize> {
        let room = match self.fault {
            Some(fault) if fault.way == way && fault.kind != Kind::Flip => fault.offset.saturating_sub(done),
            _ => wanted,
        };
        self.has_ended |= room == 0 && wanted > 0;
        if self.has_ended { Err(io::Error::other("a fault")) } else { Ok(room.min(wanted)) }
    }

    fn flip(&self, way: Way, done: usize, bytes: &mut [u8]) {
        let Some(fault) = self.fault.filter(|fault| fault.way == way && fault.kind == Kind::Flip) else {
            return;
        };
        let byte = fault.offset.checked_sub(done).and_then(|at| bytes.get_mut(at));
        if let Some(byte) = byte {
            *byte ^= 1 << (fault.offset % 8);
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let done = self.read.len();
        let mut space = [0; 4096];
        let room = self.room(Way::In, done, buffer.remaining().min(space.len()))?;
        let mut part = ReadBuf::new(&mut space[..room]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        self.read.extend_from_slice(part.filled());
        self.flip(Way::In, done, part.filled_mut());
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (done, read) = (self.written.len(), self.read.len());
        self.read_at_first_write.get_or_insert(read);
        let room = self.room(Way::Out, done, bytes.len())?;
        let mut flipped = bytes[..room].to_vec();
        self.flip(Way::Out, done, &mut flipped);
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
