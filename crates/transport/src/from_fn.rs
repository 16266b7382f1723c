//! A transport that calls a closure.

use std::{fmt, future::Future};

use bytes::Bytes;
use http::{Request, Response};

use crate::{Error, Limits, ResponseFuture, Transport};

/// Creates a transport from an async closure. The closure must follow the [contract](Transport#contract).
///
/// See the [example of the crate](crate).
pub fn from_fn<F, Fut>(send: F) -> FromFn<F>
where
    F: Fn(Request<Bytes>, Limits) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response<Bytes>, Error>> + Send + 'static,
{
    FromFn { send }
}

/// The transport that [`from_fn`] returns.
pub struct FromFn<F> {
    send: F,
}

impl<F, Fut> Transport for FromFn<F>
where
    F: Fn(Request<Bytes>, Limits) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Response<Bytes>, Error>> + Send + 'static,
{
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin((self.send)(request, limits))
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}
