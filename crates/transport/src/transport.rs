//! The trait for sending a request.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};

use crate::{Error, Limits};

/// The boxed future that [`Transport::send`] returns. Its output is the complete response.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send + 'a>>;

/// An HTTP transport, which sends one request and returns its complete response.
///
/// To implement it, wrap a call to your HTTP client in `Box::pin(async move { … })`. To turn a closure into a
/// transport, use [`from_fn`].
///
/// # Contract
///
/// A request can contain a code that works only once, and a response can contain a key that is shown only once.
/// Therefore, every transport must follow these rules:
///
/// 1. Send `request` at most once. Never retry, and never follow a redirect.
/// 2. Send it unchanged. Add no credentials, cookies, or referer, and do not request compression.
/// 3. Return every response unchanged, whatever its status. Do not decompress it.
/// 4. Fail with [`ErrorKind::Timeout`] when [`Limits::timeout`] has passed, or earlier if nothing was sent.
/// 5. Never return part of a body. Fail with [`ErrorKind::TooLarge`] when the body exceeds [`Limits::response_bytes`],
///    and with [`ErrorKind::Io`] when it is truncated. If the head of the final response arrived, add its status to the
///    error ([`with_status`](Error::with_status)).
/// 6. Mark an error as [`not_sent`](Error::not_sent) only if no byte of the request can have reached the server, or if
///    the server proved that it did not process the request, as HTTP/2 allows (RFC 9113, section 8.7). When in doubt, do
///    not mark it.
/// 7. Never include a header or a body in a log or an error.
/// 8. Cancel the request when the future is dropped.
/// 9. Wipe the request and response buffers that the transport owns. [`WipedBuffer`](crate::WipedBuffer) does this for
///    a body.
///
/// A transport may block the thread that polls its future. Nothing can end such a request from outside, neither the
/// client's [`Timer`](crate::Timer) nor dropping the future, so rule 4 is up to the transport alone. Its future must
/// complete when it is first polled, and must not return `Pending` after it has blocked. Rule 8 then has no effect.
///
/// A transport may reuse connections. If a stale connection hands a request back unwritten, return an error marked
/// `not_sent`. The caller then decides whether to retry.
///
/// # Testing your transport
///
/// The crate [`openrouter-oauth-transport-contract`](https://docs.rs/openrouter-oauth-transport-contract) checks your
/// transport with scripted servers. Call its `run(&transport).await` in a test, on any async runtime. It runs all
/// scenarios and lists those that fail. It cannot check rule 9 or the transport's logs, so review these yourself.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};
///
/// #[derive(Debug)]
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(&self, _request: Request<Bytes>, _limits: Limits) -> ResponseFuture<'_> {
///         Box::pin(async move { Err(Error::new(ErrorKind::Connect, "this machine is offline")) })
///     }
/// }
/// ```
///
/// [`from_fn`]: crate::from_fn
/// [`ErrorKind::Timeout`]: crate::ErrorKind::Timeout
/// [`ErrorKind::TooLarge`]: crate::ErrorKind::TooLarge
/// [`ErrorKind::Io`]: crate::ErrorKind::Io
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request` once and returns its complete response.
    ///
    /// The URI of `request` is absolute. The transport adds the `Host` and `Content-Length` headers.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no complete response, as the contract describes. [`Error::may_have_been_sent`]
    /// reports whether the server may have processed the request.
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_>;

    /// Returns whether this transport itself ends every request at [`Limits::timeout`], even while it connects.
    ///
    /// If so, `openrouter-oauth` leaves the timeout to the transport and runs no second timer, unless the program set
    /// its own. The default is `false`: the client then ends any request that outlasts its timeout. A transport that
    /// wraps another one and adds no wait should return the other's value.
    ///
    /// If this returns `true` and a request hangs, nothing else ends it. One wait is exempt: on Windows and macOS, the
    /// operating system may fetch revocation data while it verifies a certificate, and a transport that blocks cannot
    /// interrupt it.
    fn enforces_timeout(&self) -> bool {
        false
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        (**self).send(request, limits)
    }

    fn enforces_timeout(&self) -> bool {
        (**self).enforces_timeout()
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        (**self).send(request, limits)
    }

    fn enforces_timeout(&self) -> bool {
        (**self).enforces_timeout()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, from_fn};

    #[derive(Debug)]
    struct Punctual;

    impl Transport for Punctual {
        fn send(&self, _request: Request<Bytes>, _limits: Limits) -> ResponseFuture<'_> {
            Box::pin(async { Err(ErrorKind::Timeout.into()) })
        }

        fn enforces_timeout(&self) -> bool {
            true
        }
    }

    #[test]
    fn pointers_forward_whether_the_timeout_is_enforced() {
        let shared: Arc<dyn Transport> = Arc::new(Punctual);
        let boxed: Box<dyn Transport> = Box::new(Arc::clone(&shared));
        assert!(shared.enforces_timeout() && boxed.enforces_timeout());
        let careless = from_fn(|_, _| async { Err(ErrorKind::Timeout.into()) });
        assert!(!Arc::new(Box::new(careless)).enforces_timeout(), "the default");
    }
}
