//! The trait that sends a request.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};

use crate::{Error, Limits};

/// What [`Transport::send`] returns: a boxed future of the whole response.
pub type ResponseFuture<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send + 'a>>;

/// Sends one request and returns its whole response.
///
/// Implementing it is `Box::pin(async move { … })` around a call of the HTTP client at hand. [`from_fn`] makes a
/// transport of a closure.
///
/// # Contract
///
/// A request may carry a code that works once and a response may carry a key that is never shown again. Therefore a
/// transport
///
/// 1. sends `request` at most once: it never retries, and never follows a redirect;
/// 2. sends it as it is: it adds no credential, no cookie and no referer, and asks for no compression;
/// 3. returns every response as it came, whatever its status, and decompresses nothing;
/// 4. ends with [`ErrorKind::Timeout`] when [`Limits::timeout`] has passed;
/// 5. ends with [`ErrorKind::TooLarge`] when the body grows over [`Limits::response_bytes`], and with
///    [`ErrorKind::Io`] when it is cut: a body is whole or there is none. If the head of the server's final response came,
///    the error says its status ([`with_status`](Error::with_status));
/// 6. says [`not_sent`](Error::not_sent) only if no byte of the request can have reached the server; when in doubt
///    it leaves that out;
/// 7. logs no header and no body, and puts neither into an error;
/// 8. stops when the future is dropped;
/// 9. wipes, as far as it owns them, the buffers that held the request and the response;
///    [`WipedBuffer`](crate::WipedBuffer) does that for a body.
///
/// Connections may be kept and used again. A request that was handed back unwritten from a stale connection is an
/// error with `not_sent`: the caller decides whether to send it again.
///
/// # Testing your own
///
/// The crate `openrouter-oauth-transport-contract` plays the contract as scenarios against scripted sockets. In a
/// test, with any runtime, its `run(&transport).await` plays them all and names each one that fails. Rule 9 and what
/// the transport logs are left to a review.
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
    /// Sends `request` once and returns its whole response.
    ///
    /// The URI of `request` is absolute. A `Host` header is the transport's to add, as is `Content-Length`.
    ///
    /// # Errors
    ///
    /// Those of the contract above; [`Error::may_have_been_sent`] tells whether the server may have seen the request.
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        (**self).send(request, limits)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        (**self).send(request, limits)
    }
}
