//! Conversion of reqwest's errors.

use std::{error::Error as StdError, io, iter};

use openrouter_oauth_transport::{BoxError, Error, ErrorKind};

/// Converts an error from building a client or a request. Nothing was sent.
pub(crate) fn from_builder(error: reqwest::Error) -> Error {
    Error::rejected(error.without_url())
}

/// Converts an error from sending a request and waiting for the head of its response.
pub(crate) fn from_execute(error: reqwest::Error) -> Error {
    let is_unprocessed = http2(&error).is_unprocessed;
    let kind = if error.is_connect() { connect_kind(&error) } else { kind(&error) };
    let error = Error::new(kind, cause(error));
    if is_unprocessed { error.not_sent() } else { error }
}

/// Converts an error from reading the body of a response.
pub(crate) fn from_body(error: reqwest::Error) -> Error {
    Error::new(kind(&error), cause(error))
}

/// Returns the cause to report: without the URL, and without the text that a server can put into a `GOAWAY`.
fn cause(error: reqwest::Error) -> BoxError {
    match http2(&error).go_away {
        Some(reason) => format!("the server closed the HTTP/2 connection: {reason}").into(),
        None => error.without_url().into(),
    }
}

/// Returns the kind of an error from connecting, which sends nothing of the request.
fn connect_kind(error: &reqwest::Error) -> ErrorKind {
    if is_tls(error) {
        return ErrorKind::Tls;
    }
    // The types of the proxy errors are private, so their texts are compared. A test covers each.
    let proxy = causes(error).map(ToString::to_string).find(|text| is_proxy_error(text));
    match proxy.as_deref() {
        Some(text) if PROXY_AUTH.contains(&text) => ErrorKind::ProxyAuth,
        Some(_) => ErrorKind::Proxy,
        None => ErrorKind::Connect,
    }
}

/// The errors of proxies that require credentials, or reject those they received.
const PROXY_AUTH: [&str; 3] = [
    "tunnel error: proxy authorization required",
    "SOCKS error: server does not support user/pass authentication",
    "SOCKS error: credentials not accepted",
];

fn is_proxy_error(text: &str) -> bool {
    text.starts_with("tunnel error: ") || text.starts_with("SOCKS error: ")
}

/// Returns the kind of an error after connecting.
fn kind(error: &reqwest::Error) -> ErrorKind {
    let io = causes(error).find_map(<dyn StdError>::downcast_ref::<io::Error>);
    let hyper = causes(error).find_map(<dyn StdError>::downcast_ref::<hyper::Error>);
    if error.is_builder() || error.is_redirect() {
        // The client followed a redirect to a URL that it cannot use, after it had sent the request.
        ErrorKind::Other
    } else if error.is_timeout() && io.is_none() && hyper.is_none() {
        // The timeout of the request, not that of a connection: the operating system's, or HTTP/2's keep-alive.
        ErrorKind::Timeout
    } else if hyper.is_some_and(is_too_large) {
        ErrorKind::TooLarge
    } else if hyper.is_some_and(hyper::Error::is_parse)
        || io.is_some_and(is_malformed)
        || http2(error).is_invalid
    {
        ErrorKind::Protocol
    } else {
        ErrorKind::Io
    }
}

/// Returns whether the head of a response is too large. Only hyper's feature `server` has a method for it.
fn is_too_large(error: &hyper::Error) -> bool {
    error.is_parse() && error.to_string() == "message head is too large"
}

/// Returns whether this is hyper's error for a malformed chunked body, not an error of TLS.
fn is_malformed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) && !is_tls(error)
}

/// What an error of HTTP/2 shows.
#[derive(Default)]
struct Http2 {
    /// Whether the server proved that it did not process the request (RFC 9113, section 8.7).
    is_unprocessed: bool,
    /// Whether h2 rejected what the server sent.
    is_invalid: bool,
    /// The reason of the server's `GOAWAY`.
    go_away: Option<String>,
}

#[cfg(feature = "http2")]
fn http2(error: &reqwest::Error) -> Http2 {
    let Some(error) = causes(error).find_map(<dyn StdError>::downcast_ref::<h2::Error>) else {
        return Http2::default();
    };
    let is = |reason| error.is_remote() && error.reason() == Some(reason);
    // h2 reports a `GOAWAY` of the server only for streams above its last stream. A server that reports a problem may
    // be wrong about that stream, so only `NO_ERROR` counts.
    let is_unprocessed =
        error.is_reset() && is(h2::Reason::REFUSED_STREAM) || error.is_go_away() && is(h2::Reason::NO_ERROR);
    let go_away = error.reason().filter(|_| error.is_go_away() && error.is_remote());
    Http2 {
        is_unprocessed,
        is_invalid: error.is_library(),
        go_away: go_away.map(|reason| reason.to_string()),
    }
}

#[cfg(not(feature = "http2"))]
fn http2(_: &reqwest::Error) -> Http2 {
    Http2::default()
}

#[cfg(feature = "rustls-no-provider")]
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        downcast_inner::<rustls::Error>(cause).is_some()
            || downcast_inner::<rustls::pki_types::InvalidDnsNameError>(cause).is_some()
    })
}

#[cfg(not(feature = "rustls-no-provider"))]
fn is_tls(_: &(dyn StdError + 'static)) -> bool {
    false
}

/// Returns this error as an `E`, or the `E` that an I/O error contains. `source` of an I/O error would skip it.
#[cfg(feature = "rustls-no-provider")]
fn downcast_inner<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let inner = || downcast_inner(error.downcast_ref::<io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(inner)
}

/// Iterates over an error and its causes.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}
