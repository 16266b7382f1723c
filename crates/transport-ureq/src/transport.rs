//! The transport.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use http::Request;
use openrouter_oauth_transport::{Limits, ResponseFuture, Transport};

use crate::exchange::Exchanger;

/// A transport that uses ureq and rustls, and blocks the thread that polls it.
///
/// Clones are cheap. The [crate documentation](crate) describes the allowed URLs, proxies, and errors.
#[derive(Clone)]
pub struct UreqTransport {
    exchanger: Arc<Exchanger>,
}

impl UreqTransport {
    pub(crate) fn from_exchanger(exchanger: Exchanger) -> Self {
        Self { exchanger: Arc::new(exchanger) }
    }
}

impl fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UreqTransport").finish_non_exhaustive()
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        let started = Instant::now();
        Box::pin(async move { self.exchanger.send(&request, limits, started) })
    }

    fn enforces_timeout(&self) -> bool {
        true
    }
}
