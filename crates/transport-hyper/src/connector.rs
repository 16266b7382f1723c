//! The connector of hyper's client.

use std::{
    array,
    convert::Infallible,
    future::{Future, Ready, ready},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use openrouter_oauth_transport::{BoxError, ErrorKind};
use tokio::time::{error::Elapsed, timeout};
use tower_service::Service;

use crate::{
    connect_error::ConnectError,
    origin::Origin,
    proxy::Proxies,
    resolver::{Resolver, Tcp},
    runtime,
    stream::{Stream, Wire},
    tls::Tls,
};

/// A connector that uses TLS for `https`, and plain TCP for `http` to this machine. One timeout covers all steps.
#[derive(Clone)]
pub(crate) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    loopback: HttpConnector<Loopback>,
    tcp: Tcp,
    proxies: Arc<Proxies>,
    tls: Tls,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(resolver: Resolver, tls: Tls, proxies: Proxies, timeout: Duration) -> Self {
        let mut loopback = HttpConnector::new_with_resolver(Loopback);
        loopback.set_nodelay(true);
        let mut tcp = Tcp::new_with_resolver(resolver);
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        // Hyper-util divides this among the addresses of a host, so an unreachable first address leaves time for the
        // next.
        tcp.set_connect_timeout(Some(timeout));
        Self { shared: Arc::new(Shared { loopback, tcp, proxies: Arc::new(proxies), tls, timeout }) }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let proxied = uri.clone();
            let connecting = async { timeout(shared.timeout, shared.connect(uri)).await };
            match runtime::caught_async(connecting).await {
                Ok(Ok(connected)) => connected,
                Ok(Err(elapsed)) => Err(shared.timed_out(&proxied, elapsed)),
                Err(panicked) => Err(ConnectError::new(ErrorKind::Other, panicked)),
            }
        })
    }
}

impl Shared {
    async fn connect(&self, uri: Uri) -> Result<Stream, ConnectError> {
        let origin =
            Origin::from_uri(&uri).map_err(|unsupported| ConnectError::new(ErrorKind::Other, unsupported))?;
        let connected = match origin {
            Origin::Loopback => {
                let plain = self.loopback.clone().call(uri).await;
                plain.map(Wire::Http).map(MaybeHttpsStream::Http).map_err(BoxError::from)
            }
            Origin::Https => {
                let connector = self.tls.connector(&self.tcp, &self.proxies).await;
                match connector {
                    Ok(mut connector) => connector.call(uri).await,
                    Err(error) => Err(ConnectError::new(ErrorKind::Tls, error).into()),
                }
            }
        };
        match connected {
            Ok(connected) => Ok(Stream(connected)),
            Err(error) => Err(self.tls.explain(ConnectError::from_source(ErrorKind::Connect, error)).await),
        }
    }

    /// Returns the error for a connection that took too long. It names the proxy, if there is one.
    fn timed_out(&self, uri: &Uri, elapsed: Elapsed) -> ConnectError {
        let error = ConnectError::new(ErrorKind::Connect, elapsed);
        let is_proxied = Origin::from_uri(uri).is_ok_and(|origin| matches!(origin, Origin::Https));
        match self.proxies.for_uri(uri) {
            Ok(Some(proxy)) if is_proxied => error.through(&proxy),
            _ => error,
        }
    }
}

/// A resolver that returns the loopback addresses for `localhost` without a lookup (RFC 6761, section 6.3).
#[derive(Clone)]
struct Loopback;

impl Service<Name> for Loopback {
    type Response = array::IntoIter<SocketAddr, 2>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        // The connector fills in the port.
        let addresses =
            [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        ready(Ok(addresses.into_iter()))
    }
}
