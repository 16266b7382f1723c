//! The transport.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Request;
use openrouter_oauth_transport::{Limits, ResponseFuture, Transport};

use crate::pool::Pool;

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
        Box::pin(self.pool.send(request, limits))
    }

    fn enforces_timeout(&self) -> bool {
        true
    }
}
