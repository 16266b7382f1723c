//! A transport on reqwest.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport, WipedBuffer};

/// Sends requests with a [`reqwest::Client`], configured to satisfy the contract.
#[derive(Clone, Debug)]
pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// Creates a transport without redirects, retries and decompression, even if another crate in the program enables
    /// the features of reqwest for them.
    pub(crate) fn new() -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .no_proxy()
            // Shorter than the idle timeouts of servers, so that no request uses a connection that the server is
            // closing.
            .pool_idle_timeout(Duration::from_secs(2))
            .build()?;
        Ok(Self { client })
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request);
            let mut request = request.map_err(|error| to_error(error).not_sent())?;
            // The timeout covers everything from connecting to the last byte of the body.
            *request.timeout_mut() = limits.timeout;
            let received = self.client.execute(request).await.map_err(to_error)?;
            read(received, limits.response_bytes).await
        })
    }
}

async fn read(mut received: reqwest::Response, max_bytes: usize) -> Result<Response<Bytes>, Error> {
    let mut body = WipedBuffer::with_capacity(0);
    // A rejection is returned even if its body cannot be read.
    let status = received.status();
    while let Some(chunk) = received.chunk().await.map_err(|error| to_error(error).with_status(status))? {
        if chunk.len() > max_bytes - body.len() {
            return Err(Error::from(ErrorKind::TooLarge).with_status(status));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = std::mem::take(received.headers_mut());
    Ok(response)
}

/// Any other error is a broken connection or a response that is not HTTP. reqwest does not distinguish the two, and the
/// request may have arrived in both cases.
fn to_error(error: reqwest::Error) -> Error {
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else if error.is_connect() {
        ErrorKind::Connect
    } else {
        ErrorKind::Io
    };
    Error::new(kind, error.without_url())
}
