//! A connection, as hyper's client uses it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper_rustls::MaybeHttpsStream;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{interim::Interim, route::Wire};

/// A connection that tells nothing of itself but whether it is HTTP/2, and counts the 1xx answers that come over it
/// if it is not: those of HTTP/2 are within frames, and dropped as they come.
///
/// A plain `TcpStream` has its addresses copied into the extensions of every response, at the cost of several
/// allocations.
pub(crate) struct Stream {
    io: TokioIo<Io>,
    /// None for HTTP/2.
    interim: Option<Interim>,
}

type Io = MaybeHttpsStream<Wire>;

impl Stream {
    pub(crate) fn new(io: Io) -> Self {
        let interim = if is_http2(&io) { None } else { Some(Interim::default()) };
        Self { io: TokioIo::new(io), interim }
    }

    fn written(&mut self) {
        if let Some(interim) = &mut self.interim {
            interim.write();
        }
    }

    fn io(&mut self) -> Pin<&mut TokioIo<Io>> {
        Pin::new(&mut self.io)
    }
}

/// Whether the two ends have agreed on it, which they can under TLS only.
fn is_http2(io: &Io) -> bool {
    match io {
        MaybeHttpsStream::Http(_) => false,
        MaybeHttpsStream::Https(tls) => tls.inner().get_ref().1.alpn_protocol() == Some(b"h2"),
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.interim.is_none() { connected.negotiated_h2() } else { connected }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.io().poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        match &mut self.interim {
            Some(interim) => Poll::Ready(interim.read(read).map_err(io::Error::other)),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written();
        self.io().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.written();
        self.io().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(context)
    }
}
