//! The connector to `https` hosts, below TLS.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::rt::TokioIo;
use openrouter_oauth_transport::ErrorKind;
use tower_service::Service;

use crate::{
    connect_error::ConnectError,
    proxy::{Proxies, Proxy},
    resolver::Tcp,
    stream::Wire,
};

/// A connector that uses TCP, directly or through a proxy.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) tcp: Tcp,
    pub(crate) proxies: Arc<Proxies>,
    /// The connector to the proxy.
    pub(crate) to_proxy: HttpsConnector<Tcp>,
}

impl Service<Uri> for Route {
    type Response = Wire;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut route = self.clone();
        Box::pin(async move {
            if let Some(proxy) = route.proxies.for_uri(&uri).map_err(ConnectError::from_proxy)? {
                return route.through(&proxy, &uri).await.map_err(|error| error.through(&proxy));
            }
            let connected = route.tcp.call(uri).await;
            connected.map(Wire::Http).map_err(|error| ConnectError::new(ErrorKind::Connect, error))
        })
    }
}

impl Route {
    async fn through(&mut self, proxy: &Proxy, uri: &Uri) -> Result<Wire, ConnectError> {
        let address = proxy.address().map_err(|error| ConnectError::new(ErrorKind::Proxy, error))?;
        let connected = self.to_proxy.call(address).await;
        let wire = connected.map_err(|error| ConnectError::from_source(ErrorKind::Proxy, error))?;
        let mut wire = TokioIo::new(wire);
        proxy.open(&mut wire, uri).await.map_err(ConnectError::from_proxy)?;
        Ok(wire.into_inner())
    }
}
