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
/// write fails, and [`finish`](Self::finish) does to the socket what the fault is about.
pub(crate) struct Line {
    tcp: TcpStream,
    fault: Option<Fault>,
    pub(crate) read: usize,
    pub(crate) written: usize,
    /// What had been read when the first byte was written: the client's first message.
    pub(crate) read_at_first_write: Option<usize>,
    has_ended: bool,
}

/// Longer than any client waits.
const MOST: Duration = Duration::from_secs(20);

impl Line {
    pub(crate) fn new(tcp: TcpStream, fault: Option<Fault>) -> Self {
        Self { tcp, fault, read: 0, written: 0, read_at_first_write: None, has_ended: false }
    }

    /// Ends the connection by its fault, or reads on until the client ends it. Returns how many bytes of the client were
    /// left.
    pub(crate) async fn finish(mut self) -> usize {
        let kind = self.fault.filter(|_| self.has_ended).map(|fault| fault.kind);
        match kind {
            Some(Kind::Reset) => {
                let _gone = self.tcp.set_zero_linger();
                return 0;
            }
            Some(Kind::Stall) => {}
            _ => {
                let _gone = self.tcp.shutdown().await;
            }
        }
        timeout(MOST, drain(&mut self.tcp)).await.unwrap_or_default()
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
        let done = self.read;
        let mut space = [0; 4096];
        let room = self.room(Way::In, done, buffer.remaining().min(space.len()))?;
        let mut part = ReadBuf::new(&mut space[..room]);
        ready!(Pin::new(&mut self.tcp).poll_read(context, &mut part))?;
        self.flip(Way::In, done, part.filled_mut());
        buffer.put_slice(part.filled());
        self.read += part.filled().len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (done, read) = (self.written, self.read);
        self.read_at_first_write.get_or_insert(read);
        let room = self.room(Way::Out, done, bytes.len())?;
        let mut bytes = bytes[..room].to_vec();
        self.flip(Way::Out, done, &mut bytes);
        let written = ready!(Pin::new(&mut self.tcp).poll_write(context, &bytes))?;
        self.written += written;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn drain(tcp: &mut TcpStream) -> usize {
    let (mut all, mut space) = (0, [0; 4096]);
    while let Ok(read @ 1..) = tcp.read(&mut space).await {
        all += read;
    }
    all
}
