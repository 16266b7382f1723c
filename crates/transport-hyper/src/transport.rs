//! The transport.

use std::{fmt, pin::pin, sync::Arc};

use bytes::Bytes;
use http::{Method, Request, Version};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

use crate::{pool::Pool, runtime};

/// A transport that uses hyper and rustls.
///
/// Clones are cheap and share connections. The [crate documentation](crate) describes the allowed URLs, proxies, and
/// errors.
#[derive(Clone)]
pub struct HyperTransport {
    pool: Arc<Pool>,
}

impl HyperTransport {
    pub(crate) fn from_pool(pool: Pool) -> Self {
        Self { pool: Arc::new(pool) }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}

impl Transport for HyperTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        // A deadline that `Instant` cannot represent never passes.
        let deadline = limits.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Box::pin(async move {
            // Without a runtime, tokio would panic.
            Handle::try_current().map_err(|none| Error::new(ErrorKind::Other, none).not_sent())?;
            // Hyper would panic, or expect an upgrade.
            let is_supported = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
            if !is_supported || request.method() == Method::CONNECT {
                let problem = "the request is not one of HTTP/1.1, or its method is CONNECT";
                return Err(Error::new(ErrorKind::Other, problem).not_sent());
            }
            let deadline = runtime::caught(|| deadline.map(sleep_until));
            let deadline =
                pin!(deadline.map_err(|panicked| Error::new(ErrorKind::Other, panicked).not_sent())?);
            self.pool.send(request, limits.response_bytes, deadline).await
        })
    }
}
