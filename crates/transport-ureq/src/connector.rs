//! Connecting: TCP, a proxy, and TLS.

use std::{
    future::{Future, ready},
    io::{self, Read as _, Write as _},
    sync::Arc,
};

use http::Uri;
use openrouter_oauth_transport::{
    block_on,
    parts::{ByteStream, Proxy, ProxyError},
};
use ureq::{
    Error, Timeout,
    unversioned::transport::{
        ConnectionDetails, Connector, Either, RustlsConnector, TcpConnector, Transport, TransportAdapter,
    },
};

use crate::{deadline::Deadline, logs, progress::Progress, watched::Watched};

/// The connector of one request.
#[derive(Debug)]
pub(crate) struct RequestConnector {
    /// Shared by all requests, because it keeps the configuration of rustls.
    pub(crate) tls: Arc<RustlsConnector>,
    pub(crate) progress: Arc<Progress>,
    /// The end of the request.
    pub(crate) deadline: Deadline,
    /// The end of connecting.
    pub(crate) connecting: Deadline,
    pub(crate) proxy: Option<Proxy>,
}

impl Connector<()> for RequestConnector {
    type Out = Watched;

    fn connect(&self, details: &ConnectionDetails<'_>, none: Option<()>) -> Result<Option<Watched>, Error> {
        let details = self.details_for(details.uri, details)?;
        // The resolver has looked up the proxy, if there is one.
        let Some(tcp) = TcpConnector::default().connect(&details, none)? else { return Ok(None) };
        let open = match &self.proxy {
            Some(proxy) => self.tunnel(proxy, &details, tcp.boxed())?.boxed(),
            None => tcp.boxed(),
        };
        self.progress.mark_open();
        let stream = self.tls.connect(&details, Some(open))?;
        // The connector adds no TLS to a connection that already has some, such as that with a proxy.
        if details.needs_tls() && matches!(stream, Some(Either::A(_))) {
            return Err(Error::Tls("the connection has no TLS of its own"));
        }
        // Connecting takes time, in which the program may have changed the level of its logger.
        if logs::record_secrets() {
            return Err(Error::Other(logs::REJECTED.into()));
        }
        let progress = Some(Arc::clone(&self.progress));
        Ok(stream.map(|stream| Watched::new(stream.boxed(), progress, self.deadline)))
    }
}

impl RequestConnector {
    /// Returns the details for the next step, with the time that is left, and for TLS with the host of `uri`.
    fn details_for<'a>(
        &self,
        uri: &'a Uri,
        details: &'a ConnectionDetails<'_>,
    ) -> Result<ConnectionDetails<'a>, Error> {
        let mut timeout = self.connecting.shorten(details.timeout)?;
        timeout.reason = Timeout::Connect;
        Ok(ConnectionDetails {
            uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: (details.current_time)(),
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        })
    }

    /// Connects to the host of the request through the proxy at the other end of `tcp`.
    fn tunnel(
        &self,
        proxy: &Proxy,
        details: &ConnectionDetails<'_>,
        tcp: Box<dyn Transport>,
    ) -> Result<Watched, Error> {
        let to_proxy = self.details_for(proxy.uri(), details)?;
        let stream = self.tls.connect(&to_proxy, Some(tcp))?.ok_or(Error::ConnectionFailed)?;
        let stream = Watched::new(stream.boxed(), None, self.deadline);
        let mut stream = TransportAdapter::new(stream, Arc::clone(&to_proxy.current_time));
        stream.set_timeout(to_proxy.timeout);
        let mut stream = ProxyStream(stream);
        match block_on(proxy.open(&mut stream, details.uri)) {
            Ok(()) => Ok(stream.0.into_inner()),
            // This may be ureq's error for the timeout.
            Err(ProxyError::Broken(error)) => Err(error.into()),
            Err(error) => Err(Error::Other(error.into())),
        }
    }
}

/// A connection to a proxy. It blocks.
struct ProxyStream(TransportAdapter<Watched>);

impl ByteStream for ProxyStream {
    fn read(&mut self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send {
        ready(self.0.read(buffer))
    }

    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send {
        ready(self.0.write_all(bytes))
    }
}
