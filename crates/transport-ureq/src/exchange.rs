//! Sends one request and reads its response, each on a connection of its own.

use std::{
    io::Read as _,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, Response, Version, header::TRANSFER_ENCODING, response::Parts};
use openrouter_oauth_transport::{
    Error, ErrorKind, Limits, PlainHttpHost,
    parts::{BodyBuffer, Proxies, Proxy, Security},
};
use rustls::crypto::ring;
use ureq::{
    Agent, Body,
    config::{AutoHeaderValue, Config},
    tls::{RootCerts, TlsConfig},
    unversioned::transport::RustlsConnector,
};
use zeroize::Zeroizing;

use crate::{
    connector::RequestConnector, deadline::Deadline, error::from_ureq, logs, progress::Progress,
    resolver::SystemResolver,
};

/// The settings of a transport.
pub(crate) struct Exchanger {
    tls: Arc<RustlsConnector>,
    /// `None` if this build has no root certificates.
    tls_config: Option<TlsConfig>,
    proxies: Proxies,
    http_host: Option<PlainHttpHost>,
    /// The limit for connecting: the name lookup, TCP, the proxy, and TLS.
    connect_timeout: Duration,
}

/// Longer than that of the transport on hyper, because ureq tries addresses one after another, and each retry repeats
/// the name lookup.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest head of a response.
const HEAD_BYTES: usize = 64 * 1024;

/// How much of a request to write at once. The operating system applies the deadline to each part.
const OUTPUT_BYTES: usize = 16 * 1024;

/// How much of a body to read at once.
const PART_BYTES: usize = 4096;

/// How much of a response ureq buffers. If a head fills the buffer, ureq takes the connection for closed, so the buffer
/// must be larger than the longest head.
const INPUT_BYTES: usize = HEAD_BYTES + PART_BYTES;

impl Exchanger {
    pub(crate) fn new(roots: Option<RootCerts>, proxies: Proxies, http_host: Option<PlainHttpHost>) -> Self {
        let tls_config = roots.map(|roots| {
            let provider = Arc::new(ring::default_provider());
            TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build()
        });
        Self { tls: Arc::default(), tls_config, proxies, http_host, connect_timeout: CONNECT_TIMEOUT }
    }

    /// Sends `request`. The timeout began at `started`.
    pub(crate) fn send(
        &self,
        request: &Request<Bytes>,
        limits: Limits,
        started: Instant,
    ) -> Result<Response<Bytes>, Error> {
        let proxy = self.check(request)?;
        let deadline = Deadline::new(started, limits.timeout);
        if deadline.timeout().is_zero() {
            return Err(Error::from(ErrorKind::Timeout).not_sent());
        }
        let progress = Arc::new(Progress::default());
        let connecting = deadline.within(self.connect_timeout);
        let connector = RequestConnector {
            tls: Arc::clone(&self.tls),
            progress: Arc::clone(&progress),
            deadline,
            connecting,
            proxy: proxy.cloned(),
        };
        let resolver = SystemResolver { connecting, proxy: proxy.cloned() };
        let agent = Agent::with_parts(self.config(deadline), connector, resolver);
        catch_panic(&progress, || {
            let response =
                run(&agent, request).map_err(|error| from_ureq(error, &progress, deadline, proxy))?;
            read(response, limits, &progress, deadline)
        })
    }

    /// Returns the proxy for this request, or an error if it must not be sent.
    fn check(&self, request: &Request<Bytes>) -> Result<Option<&Proxy>, Error> {
        if logs::record_secrets() {
            return Err(Error::rejected(logs::REJECTED));
        }
        if request.version() != Version::HTTP_11 || request.method() == Method::CONNECT {
            return Err(Error::rejected("the request is not HTTP/1.1, or its method is `CONNECT`"));
        }
        let uri = request.uri();
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::rejected("the URL contains credentials, which ureq would send"));
        }
        if Security::from_uri(uri, self.http_host.as_ref()).map_err(Error::rejected)? != Security::Https {
            return Ok(None);
        }
        if self.tls_config.is_none() {
            let missing = "this build has no root certificates; enable the feature `platform-roots` or \
                           `webpki-roots`";
            return Err(Error::new(ErrorKind::Tls, missing));
        }
        let proxy = self.proxies.find(uri.host().unwrap_or_default());
        proxy.map_err(Error::from)
    }

    fn config(&self, deadline: Deadline) -> Config {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(AutoHeaderValue::None)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .allow_non_standard_methods(true)
            .max_response_header_size(HEAD_BYTES)
            .max_idle_connections(0)
            .input_buffer_size(INPUT_BYTES)
            .output_buffer_size(OUTPUT_BYTES)
            .timeout_global(Some(deadline.timeout()))
            // Our connector has the proxy, if there is one.
            .proxy(None);
        match &self.tls_config {
            Some(tls_config) => config.tls_config(tls_config.clone()).build(),
            None => config.build(),
        }
    }
}

/// Turns a panic of ureq, which checks its own state with assertions, into an error that reports whether the request
/// may have been sent. The program's panic hook has already reported the panic.
fn catch_panic<T>(progress: &Progress, exchange: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // After a panic, the connection is closed, and the captured state is never used again.
    panic::catch_unwind(AssertUnwindSafe(exchange)).unwrap_or_else(|_| {
        let error = Error::new(ErrorKind::Other, "ureq panicked");
        Err(if progress.is_written() { error } else { error.not_sent() })
    })
}

/// Sends the request through `agent`.
fn run(agent: &Agent, request: &Request<Bytes>) -> Result<Response<Body>, ureq::Error> {
    let mut head = Request::new(());
    head.method_mut().clone_from(request.method());
    head.uri_mut().clone_from(request.uri());
    head.headers_mut().clone_from(request.headers());
    // With an empty body, ureq would add `content-length: 0`.
    let has_body = !request.body().is_empty() || !matches!(*request.method(), Method::GET | Method::HEAD);
    if has_body { agent.run(head.map(|()| &request.body()[..])) } else { agent.run(head) }
}

fn read(
    response: Response<Body>,
    limits: Limits,
    progress: &Progress,
    deadline: Deadline,
) -> Result<Response<Bytes>, Error> {
    let (head, body) = response.into_parts();
    if is_chunked(&head) {
        progress.mark_chunked();
    }
    match read_body(body, limits.response_bytes, progress, deadline) {
        Ok(_) if progress.ended_early() => {
            let cause = "the connection ended before the body was complete";
            Err(Error::new(ErrorKind::Io, cause).with_status(head.status))
        }
        Ok(body) => Ok(Response::from_parts(head, body)),
        Err(error) => Err(error.with_status(head.status)),
    }
}

/// Returns whether ureq reads the body in chunks.
fn is_chunked(head: &Parts) -> bool {
    let values = head.headers.get_all(TRANSFER_ENCODING).iter().filter_map(|value| value.to_str().ok());
    head.version != Version::HTTP_10
        && values
            .flat_map(|value| value.split(','))
            .any(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

/// Reads the whole body, of at most `limit` bytes.
fn read_body(body: Body, limit: usize, progress: &Progress, deadline: Deadline) -> Result<Bytes, Error> {
    let mut whole = BodyBuffer::new(body.content_length(), limit)?;
    let mut part = Zeroizing::new([0; PART_BYTES]);
    let mut reader = body.into_reader();
    loop {
        match reader.read(&mut *part).map_err(|error| from_ureq(error.into(), progress, deadline, None))? {
            0 => return Ok(whole.into()),
            count => whole.append(part.get(..count).unwrap_or_default())?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn limit_for_connecting_covers_tls_and_the_proxy() {
        // The system accepts its connections.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = listener.local_addr().unwrap().to_string();
        let proxy = Proxies::all(Proxy::parse(&silent).unwrap());
        let by_proxy = (proxy, "https://openrouter.invalid".to_owned());
        for (proxies, url) in [(Proxies::none(), format!("https://{silent}")), by_proxy] {
            let mut exchanger = Exchanger::new(Some(RootCerts::new_with_certs(&[])), proxies, None);
            exchanger.connect_timeout = Duration::from_millis(500);
            let request = Request::get(&url).body(Bytes::new()).unwrap();
            let started = Instant::now();
            let error = exchanger.send(&request, Limits::default(), started).unwrap_err();
            assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Connect, false), "{error:?}");
            let elapsed = started.elapsed();
            assert!((400..5_000).contains(&elapsed.as_millis()), "{url}: {elapsed:?}");
        }
    }

    #[test]
    fn panic_says_whether_the_request_may_have_been_sent() {
        // C-10
        let progress = Progress::default();
        let panicked =
            || catch_panic(&progress, || -> Result<(), Error> { panic!("as ureq does") }).unwrap_err();
        assert!(!panicked().may_have_been_sent());
        progress.mark_written();
        assert!(panicked().may_have_been_sent());
    }
}
