//! The transport.

use std::{
    fmt, mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, Uri, Version};
use openrouter_oauth_transport::{Error, ErrorKind, Limits, ResponseFuture, Transport};
use reqwest::{Client, ClientBuilder, Url, redirect, retry};
use tokio::time::Instant;

use crate::{body, error, proxy, runtime};

/// A transport that uses a [`reqwest::Client`].
///
/// Clones are cheap and share connections. The [crate documentation](crate) describes the errors.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Client,
}

impl ReqwestTransport {
    /// Creates a transport with its own client.
    ///
    /// Reads the proxy variables of the [environment](crate#proxies).
    ///
    /// # Errors
    ///
    /// * `Other`, if the variable of the proxy is not a valid proxy URL, or if reqwest cannot initialize TLS.
    /// * `Tls`, with the feature `rustls-no-provider` and without `rustls`, if the process has no default provider.
    ///
    /// The error is marked `not_sent`.
    ///
    /// # Panics
    ///
    /// If rustls has no provider, and only another crate enables `rustls-no-provider` in reqwest, so that this one
    /// cannot check it.
    pub fn new() -> Result<Self, Error> {
        // reqwest would panic.
        #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let reason =
                "rustls has no provider; install one for the process, or enable the feature `rustls`";
            return Err(Error::new(ErrorKind::Tls, reason));
        }
        let client = proxy::set(Self::client_builder())?.build().map_err(error::from_builder)?;
        Ok(Self { client })
    }

    /// Creates a builder with the settings of [`new`](Self::new), except for proxies.
    ///
    /// These are the settings: no redirects, no retries, no referer, no decompression, only HTTP/1.1 without the
    /// feature `http2`, `localhost` is this machine without a name lookup, connecting takes at most 10 seconds, and an
    /// idle connection is closed after 2 seconds, before most servers close it. Add proxies, certificates, or a
    /// resolver, and pass the client to [`from_client_unchecked`](Self::from_client_unchecked).
    ///
    /// Keep `connect_timeout` shorter than the timeout of your requests. If that one passes first, the transport cannot
    /// prove that nothing was sent, and a sign-in ends with an unknown outcome although no server was reached.
    ///
    /// Without `proxy` or `no_proxy`, the client uses the proxies that [reqwest finds](crate#proxies), even for plain
    /// `http`, so that they see the keys of such requests.
    ///
    /// `build` panics if rustls has no provider, which only the feature `rustls-no-provider` allows.
    ///
    /// ```
    /// use openrouter_oauth_transport_reqwest::ReqwestTransport;
    ///
    /// # fn main() -> Result<(), reqwest::Error> {
    /// # // For a build without the feature `rustls`.
    /// # let _is_first = rustls::crypto::ring::default_provider().install_default();
    /// let proxy = reqwest::Proxy::https("http://proxy.example:3128")?;
    /// let client = ReqwestTransport::client_builder().proxy(proxy).build()?;
    /// let transport = ReqwestTransport::from_client_unchecked(client);
    /// # drop(transport);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client_builder() -> ClientBuilder {
        // Other crates of the program may enable the features of reqwest for HTTP/2 and decompression, which are then
        // on by default.
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(CONNECT_TIMEOUT)
            .resolve_to_addrs("localhost", &LOOPBACK)
            .pool_idle_timeout(IDLE_TIMEOUT);
        if cfg!(feature = "http2") { builder } else { builder.http1_only() }
    }

    /// Creates a transport with a client of your program.
    ///
    /// The transport cannot see the settings of a client, so you must check them. Build it with
    /// [`client_builder`](Self::client_builder), and change only these settings: `proxy` (without headers of your own),
    /// `no_proxy`, `tls_certs_merge`, `tls_certs_only`, `tls_crls_only`, `identity`, `tls_version_min`, `https_only`,
    /// `dns_resolver`, `local_address`, `interface`, `pool_max_idle_per_host`, and those whose names begin with `tcp_`.
    /// They keep the [contract](openrouter_oauth_transport::Transport#contract). Others break it or are not tested.
    ///
    /// `Client::new()` breaks it, because it follows redirects. **With redirects or retries, an error can be marked
    /// `not_sent` although the request arrived**: if a later attempt cannot connect, reqwest returns the same error as
    /// for the first one. The caller then sends a code again that may have been used.
    ///
    /// Test the client with
    /// [`openrouter-oauth-transport-contract`](https://docs.rs/openrouter-oauth-transport-contract). That crate reports
    /// each of these settings:
    ///
    /// | setting of the client | reported rule |
    /// | --- | --- |
    /// | `redirect`, unless it is `Policy::none()` | 1: a redirect is followed |
    /// | `retry` with a policy that repeats requests | 1: the request is sent twice |
    /// | `gzip`, `deflate`; on by default with the feature of that name | 2: compression is requested |
    /// | `default_headers`, `user_agent` | 2: headers are added |
    /// | `cookie_store`, `cookie_provider` | 2: requests share cookies |
    /// | `http2_prior_knowledge` | 3: a server with HTTP/1.1 is not understood |
    /// | `read_timeout` | 4: the request ends too early, although it was sent |
    /// | `http1_ignore_invalid_headers_in_responses` | 7: an invalid header is dropped and causes no error |
    ///
    /// `brotli` and `zstd` request compression, too, but were not tested. That crate cannot see these settings:
    ///
    /// * The default of `retry` repeats requests over HTTP/2 that the server did not process. Set `retry::never()`, so
    ///   that the caller decides.
    /// * Without `pool_max_idle_per_host(0)`, a client is for [one runtime at a time](crate#runtimes).
    /// * Without `resolve_to_addrs`, as in [`client_builder`](Self::client_builder), a name server decides which
    ///   machine `localhost` is. A plain request to it can then leave this machine.
    /// * Without `connect_timeout`, a host that does not respond causes a `Timeout`, which may have been sent.
    /// * `connection_verbose` logs requests and responses, and `tls_sslkeylogfile` writes the TLS keys to a file.
    /// * `tls_danger_accept_invalid_certs` and `tls_danger_accept_invalid_hostnames` send keys to anyone.
    /// * `unix_socket`, `windows_named_pipe`, `resolve`, and `connector_layer` send plain requests elsewhere.
    /// * `tls_early_data` and `http3_prior_knowledge` can repeat requests. Errors of HTTP/3 have no exact kinds.
    /// * `http09_responses` and the other lenient settings accept responses that are not valid HTTP.
    ///   `http1_max_headers` and `http2_max_header_list_size` replace the limits on the head of a response.
    /// * `pool_idle_timeout` is 90 seconds by default. More requests fail because the server has closed an idle
    ///   connection.
    ///
    /// The client's `timeout` does not matter unless [`Limits::timeout`] is `None`.
    pub fn from_client_unchecked(client: Client) -> Self {
        Self { client }
    }

    /// Sends `request`. The timeout began at `started`.
    async fn exchange(
        &self,
        request: Request<Bytes>,
        limits: Limits,
        started: Instant,
    ) -> Result<Response<Bytes>, Error> {
        let mut request = convert(request)?;
        runtime::check()?;
        // reqwest's timeout covers everything from connecting to the last byte of the body.
        let timeout = limits.timeout.map(|timeout| timeout.saturating_sub(started.elapsed()));
        if timeout == Some(Duration::ZERO) {
            return Err(
                Error::new(ErrorKind::Timeout, "the timeout passed before the request began").not_sent()
            );
        }
        *request.timeout_mut() = timeout;
        // `execute` itself can panic, so it must run inside.
        let received = runtime::catch_panic(async { self.client.execute(request).await }).await?;
        let mut received = received.map_err(error::from_execute)?;

        let status = received.status();
        let headers = mem::take(received.headers_mut());
        // The caller can recognize a rejection even if its body is lost.
        let body = body::read(received, limits.response_bytes).await;
        let mut response = Response::new(body.map_err(|error| error.with_status(status))?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Converts a request to reqwest's type.
fn convert(mut request: Request<Bytes>) -> Result<reqwest::Request, Error> {
    // HTTP/2 compresses such headers without a shared table, and `Debug` hides them.
    request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
    let is_supported = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
    if !is_supported || request.method() == Method::CONNECT {
        return Err(Error::rejected("the request is not HTTP/1.1 or HTTP/1.0, or its method is `CONNECT`"));
    }
    let uri = request.uri().clone();
    let request = reqwest::Request::try_from(request).map_err(error::from_builder)?;
    if !is_unchanged(&uri, request.url()) {
        return Err(Error::rejected("reqwest cannot send a request to this URL, or would change the URL"));
    }
    Ok(request)
}

/// Returns whether reqwest sends a request for `uri` to exactly that URI.
///
/// Its `Url` normalizes hosts and paths, and over HTTP/2 or through a proxy it would send user information.
fn is_unchanged(uri: &Uri, url: &Url) -> bool {
    let is_same_host = uri.host().zip(url.host_str()).is_some_and(|(uri, url)| uri.eq_ignore_ascii_case(url));
    matches!(url.scheme(), "http" | "https")
        && is_same_host
        && uri.port_u16().is_none_or(|port| Some(port) == url.port_or_known_default())
        && uri.authority().is_none_or(|authority| !authority.as_str().contains('@'))
        && (uri.path(), uri.query()) == (url.path(), url.query())
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: Request<Bytes>, limits: Limits) -> ResponseFuture<'_> {
        Box::pin(self.exchange(request, limits, Instant::now()))
    }

    fn enforces_timeout(&self) -> bool {
        true
    }
}

/// Shorter than the default of [`Limits::timeout`], after which the transport could not prove that nothing was sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The addresses of `localhost`. The port is that of the URL.
const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Shorter than the idle timeouts of servers, so that no request uses a connection that the server is closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
