//! Connections to an origin: TCP, a proxy, and TLS.

use std::{
    array,
    convert::Infallible,
    future::{Future, Ready, ready},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::try_join;
use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::{
    client::legacy::connect::{HttpConnector, dns::Name},
    rt::TokioIo,
};
use openrouter_oauth_transport::{
    BoxError, ErrorKind,
    parts::{Proxies, Proxy, Security},
};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use crate::{
    connect_error::ConnectError,
    origin::Origin,
    proxy_stream::ProxyStream,
    resolver::{Resolver, Tcp},
    runtime,
    tls::{Tls, handshake},
};

/// A direct connection to a host, or a connection to a proxy with or without TLS.
type Wire = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection to an origin, with or without TLS.
pub(crate) type Stream = MaybeHttpsStream<Wire>;

/// Connects to `https` origins with TLS, and to this machine or a named test host without. One timeout covers all steps.
pub(crate) struct Connector {
    loopback: HttpConnector<Loopback>,
    tcp: Tcp,
    proxies: Proxies,
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
        Self { loopback, tcp, proxies, tls, timeout }
    }

    /// Connects to `origin`.
    pub(crate) async fn connect(&self, origin: &Origin) -> Result<Stream, ConnectError> {
        let connected = match origin.security {
            Security::Loopback => self.in_time(None, tcp(&self.loopback, &origin.uri)).await?,
            // Never through a proxy, which would see the keys.
            Security::NamedHost => self.in_time(None, tcp(&self.tcp, &origin.uri)).await?,
            Security::Https => {
                let host = origin.uri.host().unwrap_or_default();
                let proxy = self.proxies.find(host).map_err(ConnectError::from_proxy)?;
                // Boxed, because it is large.
                let connecting = Box::pin(self.connect_https(&origin.uri, proxy));
                return self.in_time(proxy, connecting).await;
            }
        };
        Ok(MaybeHttpsStream::Http(MaybeHttpsStream::Http(connected)))
    }

    async fn connect_https(&self, uri: &Uri, proxy: Option<&Proxy>) -> Result<Stream, ConnectError> {
        let wire = async {
            match proxy {
                None => tcp(&self.tcp, uri).await.map(MaybeHttpsStream::Http),
                Some(proxy) => Box::pin(self.tunnel(uri, proxy)).await.map_err(|error| error.through(proxy)),
            }
        };
        let connecting = async {
            // The first connection reads the root certificates while it waits for the network. They are kept even if
            // there is no connection.
            let (wire, configs) = try_join(async { Ok(wire.await) }, self.tls.configs()).await?;
            let wire = wire?;
            let stream = handshake(&configs.origin, wire, uri).await;
            stream.map_err(|error| ConnectError::from_handshake(ErrorKind::Connect, error))
        };
        match connecting.await {
            Ok(stream) => Ok(stream),
            Err(error) => Err(self.tls.explain(error).await),
        }
    }

    /// Connects to the host of `uri` through a proxy.
    async fn tunnel(&self, uri: &Uri, proxy: &Proxy) -> Result<Wire, ConnectError> {
        let connected = self.tcp.clone().call(proxy.uri().clone()).await;
        let connected = connected.map_err(|error| ConnectError::new(ErrorKind::Proxy, error))?;
        let wire = if proxy.uses_tls() {
            let configs = self.tls.configs().await?;
            let stream = handshake(&configs.proxy, connected, proxy.uri()).await;
            stream.map_err(|error| ConnectError::from_handshake(ErrorKind::Proxy, error))?
        } else {
            MaybeHttpsStream::Http(connected)
        };
        let mut stream = ProxyStream(TokioIo::new(wire));
        proxy.open(&mut stream, uri).await.map_err(ConnectError::from_proxy)?;
        Ok(stream.0.into_inner())
    }

    /// Ends `connecting` at the timeout. The error then names the proxy, if there is one.
    async fn in_time<T>(
        &self,
        proxy: Option<&Proxy>,
        connecting: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let timed = async { timeout(self.timeout, connecting).await };
        match runtime::catch_panic_async(timed).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(elapsed)) => {
                let error = ConnectError::new(ErrorKind::Connect, elapsed);
                Err(proxy.into_iter().fold(error, ConnectError::through))
            }
            Err(panicked) => Err(ConnectError::new(ErrorKind::Other, panicked)),
        }
    }
}

async fn tcp<R>(connector: &HttpConnector<R>, uri: &Uri) -> Result<TokioIo<TcpStream>, ConnectError>
where
    HttpConnector<R>: Clone + Service<Uri, Response = TokioIo<TcpStream>>,
    <HttpConnector<R> as Service<Uri>>::Error: Into<BoxError>,
{
    let connected = connector.clone().call(uri.clone()).await;
    connected.map_err(|error| ConnectError::new(ErrorKind::Connect, error))
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
