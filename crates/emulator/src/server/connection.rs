//! Serves HTTP/1.1 on one connection.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header::TRANSFER_ENCODING};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep, timeout},
};

use super::activity::Activity;
use crate::service::{BODY_LIMIT, Delivery, Service};

/// How long a client may take to send a head (including idle time), and then again to send a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to read any part of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest size of a request's head in memory.
const HEAD_LIMIT: usize = 64 * 1024;

pub(crate) async fn serve<S>(service: Arc<Service>, stream: S, activity: Arc<Activity>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let budget = Arc::new(ByteBudget::unlimited());
    let stream = BreakableStream {
        stream,
        budget: Arc::clone(&budget),
        activity: Arc::clone(&activity),
        stalled: None,
    };
    let respond = service_fn(move |request| {
        let (service, budget, activity) = (Arc::clone(&service), Arc::clone(&budget), Arc::clone(&activity));
        async move {
            activity.head_arrived();
            let request = read(request).await?;
            if !activity.begin_request() {
                return Err(ConnectionBroken);
            }
            let response = respond(&service, &budget, &request).await;
            activity.begin_response();
            response
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), respond);
    // It is not an error if the client disconnects or a fault breaks the connection.
    let _ = connection.await;
}

/// Reads the body of a request.
async fn read(request: Request<Incoming>) -> Result<Request<Bytes>, ConnectionBroken> {
    let (head, body) = request.into_parts();
    let body = timeout(READ_TIMEOUT, read_body(body)).await.map_err(|_| ConnectionBroken)??;
    Ok(Request::from_parts(head, body))
}

async fn respond(
    service: &Service,
    budget: &ByteBudget,
    request: &Request<Bytes>,
) -> Result<Response<Full<Bytes>>, ConnectionBroken> {
    budget.set(None);
    let response = match service.respond(request) {
        Delivery::Intact(response) => response,
        Delivery::Delayed(response, delay) => {
            sleep(delay).await;
            response
        }
        Delivery::CutAfter(response, bytes) => {
            budget.set(Some(bytes));
            response
        }
        Delivery::Dropped => return Err(ConnectionBroken),
    };
    Ok(with_framing(response))
}

/// The error that closes the connection without a response.
#[derive(Debug, Error)]
#[error("the connection was broken")]
struct ConnectionBroken;

/// Reads a body. Stops as soon as it is too large.
async fn read_body(mut body: Incoming) -> Result<Bytes, ConnectionBroken> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| ConnectionBroken)?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > BODY_LIMIT {
            break;
        }
    }
    Ok(bytes.freeze())
}

/// Makes a 401 chunked, as the real service sends it.
fn with_framing(mut response: Response<Bytes>) -> Response<Full<Bytes>> {
    if response.status() == StatusCode::UNAUTHORIZED {
        let chunked = HeaderValue::from_static("chunked");
        response.headers_mut().insert(TRANSFER_ENCODING, chunked);
    }
    response.map(Full::new)
}

/// The number of bytes that may still be written; `usize::MAX` means any number.
#[derive(Debug)]
struct ByteBudget(AtomicUsize);

impl ByteBudget {
    fn unlimited() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }

    fn set(&self, bytes: Option<usize>) {
        self.0.store(bytes.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    fn remaining(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: usize) {
        let remaining = self.remaining();
        if remaining != usize::MAX {
            self.set(Some(remaining.saturating_sub(bytes)));
        }
    }
}

/// A stream that fails when its budget is spent or when its client stops reading, and that records when a response is
/// complete.
struct BreakableStream<S> {
    stream: S,
    budget: Arc<ByteBudget>,
    activity: Arc<Activity>,
    /// The end of [`WRITE_TIMEOUT`], while the stream accepts no bytes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> BreakableStream<S> {
    /// Returns the result of a write, or an error if the stream has accepted no bytes for too long.
    fn unless_stalled<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_TIMEOUT)));
        stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BreakableStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BreakableStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let remaining = self.budget.remaining();
        if remaining == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let bytes = bytes.get(..remaining).unwrap_or(bytes);
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        let written = self.unless_stalled(written, context);
        if let Poll::Ready(Ok(written)) = written {
            self.budget.spend(written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        std::task::ready!(self.unless_stalled(flushed, context))?;
        if self.budget.remaining() == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        // Hyper flushes the stream only after it has written the whole response.
        self.activity.end_response();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
