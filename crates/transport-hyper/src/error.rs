//! Conversion of hyper's errors.

use std::{error::Error as StdError, io};

use hyper_util::client::legacy;
use openrouter_oauth_transport::{Error, ErrorKind};

use crate::connect_error::ConnectError;

/// Converts an error of hyper's client.
pub(crate) fn from_client(error: legacy::Error) -> Error {
    if let Some(unconnected) = cause::<ConnectError>(&error) {
        return unconnected.to_error();
    }
    if error.is_connect() {
        return Error::new(ErrorKind::Connect, error);
    }
    let Some(cause) = cause::<hyper::Error>(&error) else {
        // Only an error for a rejected method, version, or URL has no cause.
        return Error::new(ErrorKind::Other, error).not_sent();
    };
    // Hyper cancels a request only while the request is still queued, so none of it was written.
    let is_unsent = cause.is_canceled();
    let error = Error::new(kind(cause), error);
    if is_unsent { error.not_sent() } else { error }
}

/// Converts an error from reading a body.
pub(crate) fn from_body(error: hyper::Error) -> Error {
    Error::new(kind(&error), error)
}

fn kind(error: &hyper::Error) -> ErrorKind {
    if error.is_parse_too_large() {
        ErrorKind::TooLarge
    } else if error.is_parse() || cause(error).is_some_and(is_malformed) {
        ErrorKind::Protocol
    } else if error.is_user() {
        ErrorKind::Other
    } else {
        ErrorKind::Io
    }
}

fn cause<E: StdError + 'static>(error: &impl StdError) -> Option<&E> {
    error.source()?.downcast_ref()
}

/// Returns whether this is hyper's error for a malformed chunked body, not a rustls error.
fn is_malformed(error: &io::Error) -> bool {
    let malformed = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    malformed && !error.get_ref().is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>)
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        pin::Pin,
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use bytes::Bytes;
    use http::{Request, Uri};
    use http_body_util::Full;
    use hyper_util::{
        client::legacy::{
            Client,
            connect::{Connected, Connection},
        },
        rt::{TokioExecutor, TokioIo},
    };
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
    use tower_service::Service;

    use super::*;

    /// With an in-memory connection, the test controls the order of tasks. It can therefore send a request after the
    /// connection closed, but before hyper notices.
    #[tokio::test]
    async fn unwritten_request_is_not_sent() {
        let (near, mut far) = duplex(1024);
        let client = Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build(Once(Arc::new(Mutex::new(Some(near)))));
        let request = || Request::get("http://memory/").body(Full::<Bytes>::default()).unwrap();

        let server = async {
            let read = far.read(&mut [0; 1024]).await.unwrap();
            assert!(read > 0);
            far.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        let (response, ()) = tokio::join!(client.request(request()), server);
        assert_eq!(response.unwrap().status(), 204);
        // Let the connection return to the pool.
        tokio::task::yield_now().await;

        drop(far);
        let error = from_client(client.request(request()).await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
        assert!(!error.may_have_been_sent(), "{error:?}");
    }

    /// A connector that connects once.
    #[derive(Clone)]
    struct Once(Arc<Mutex<Option<DuplexStream>>>);

    impl Service<Uri> for Once {
        type Response = TokioIo<Memory>;
        type Error = io::Error;
        type Future = Ready<io::Result<TokioIo<Memory>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            let memory = self.0.lock().unwrap().take().map(Memory);
            ready(memory.map(TokioIo::new).ok_or(io::ErrorKind::ConnectionRefused.into()))
        }
    }

    struct Memory(DuplexStream);

    impl Connection for Memory {
        fn connected(&self) -> Connected {
            Connected::new()
        }
    }

    impl AsyncRead for Memory {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Memory {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(context)
        }
    }
}
