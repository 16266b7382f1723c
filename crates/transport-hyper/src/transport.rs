//! The transport.

use std::{fmt, pin::pin};

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::client::legacy::Client;
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};

use crate::{body, connector::Connector, error, request_body::RequestBody, runtime};

/// A transport that uses hyper and rustls.
///
/// Clones are cheap and share connections. The [crate documentation](crate) describes the allowed URLs, proxies, and
/// errors.
#[derive(Clone)]
pub struct HyperTransport {
    client: Client<Connector, RequestBody>,
}

impl HyperTransport {
    pub(crate) fn from_client(client: Client<Connector, RequestBody>) -> Self {
        Self { client }
    }

    async fn send_request(
        &self,
        request: Request<RequestBody>,
        most: usize,
    ) -> Result<Response<Bytes>, Error> {
        let response = self.client.request(request).await;
        let (head, body) = response.map_err(error::from_client)?.into_parts();
        let body = body::read(body, most).await.map_err(|error| error.with_status(head.status))?;
        Ok(Response::from_parts(head, body))
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
            let request = request.map(RequestBody::new);
            let sending = request.body().sending();
            let response = pin!(self.send_request(request, limits.response_bytes));
            let Some(deadline) = deadline else { return response.await };
            let timed = runtime::caught(|| timeout_at(deadline, response));
            let timed = timed.map_err(|panicked| Error::new(ErrorKind::Other, panicked).not_sent())?;
            timed.await.unwrap_or_else(|elapsed| {
                let error = Error::new(ErrorKind::Timeout, elapsed);
                Err(if sending.give_up() { error.not_sent() } else { error })
            })
        })
    }

    fn enforces_timeout(&self) -> bool {
        true
    }
}
