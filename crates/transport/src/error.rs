//! Why there is no response.

use std::{error::Error as StdError, fmt};

use http::StatusCode;

/// Any error that can cross threads.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// No response was received.
///
/// What matters most to a caller is [`may_have_been_sent`](Self::may_have_been_sent): a code that works once must not
/// be sent again if it may have arrived. [`Display`](fmt::Display) prints one level; the cause is the `source`.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    may_have_been_sent: bool,
    status: Option<StatusCode>,
    source: Option<BoxError>,
}

/// What kept a response from coming.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// No connection was made: a name that does not resolve, a refused or unreachable host, a connection or a TLS
    /// handshake that broke or took too long. Nothing was sent; trying again may help.
    Connect,
    /// The server's certificate was not accepted, or no common TLS version or cipher was found, before the handshake
    /// was done. Nothing was sent; trying again does not help.
    Tls,
    /// A proxy failed to connect. Nothing was sent; trying again may help.
    Proxy,
    /// A proxy asks for credentials (407), or does not accept those it got. Nothing was sent; trying again does not help.
    ProxyAuth,
    /// The connection broke after it was made. The request may have been sent.
    Io,
    /// [`Limits::timeout`](crate::Limits::timeout) passed. The request may have been sent.
    Timeout,
    /// The response is larger than [`Limits::response_bytes`](crate::Limits::response_bytes) or its head is too
    /// large. The request was sent.
    TooLarge,
    /// The response was not valid HTTP. The request may have been sent.
    Protocol,
    /// Anything else. The request may have been sent.
    Other,
}

impl Error {
    /// An error of this kind, with its cause.
    ///
    /// [`ErrorKind::Connect`], [`Tls`](ErrorKind::Tls), [`Proxy`](ErrorKind::Proxy) and
    /// [`ProxyAuth`](ErrorKind::ProxyAuth) mean that nothing was sent. For all other kinds the request may have been sent,
    /// unless you add [`not_sent`](Self::not_sent).
    pub fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..Self::from(kind) }
    }

    /// Says that no byte of the request can have reached the server.
    ///
    /// Add it only with proof, such as a request that was handed back unwritten.
    #[must_use]
    pub fn not_sent(mut self) -> Self {
        self.may_have_been_sent = false;
        self
    }

    /// Adds the status of a response whose head arrived and whose body did not. A rejection is one even without its body.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// What kept the response from coming.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The status of a response whose body did not arrive.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Whether the server may have seen the request, whole or in part.
    pub fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }
}

/// An error of this kind, without a cause.
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        let unsent = [ErrorKind::Connect, ErrorKind::Tls, ErrorKind::Proxy, ErrorKind::ProxyAuth];
        let may_have_been_sent = !unsent.contains(&kind);
        Self { kind, may_have_been_sent, status: None, source: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection could be made",
            Self::Tls => "the server could not be trusted",
            Self::Proxy => "the proxy could not connect",
            Self::ProxyAuth => "the proxy asks for credentials",
            Self::Io => "the connection broke",
            Self::Timeout => "the response took too long",
            Self::TooLarge => "the response is too large",
            Self::Protocol => "the response is not valid HTTP",
            Self::Other => "the request failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connect_tls_and_proxy_prove_nothing_was_sent() {
        for kind in [ErrorKind::Connect, ErrorKind::Tls, ErrorKind::Proxy, ErrorKind::ProxyAuth] {
            assert!(!Error::from(kind).may_have_been_sent(), "{kind:?}");
        }
        for kind in
            [ErrorKind::Io, ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Other]
        {
            assert!(Error::from(kind).may_have_been_sent(), "{kind:?}");
            assert!(!Error::from(kind).not_sent().may_have_been_sent(), "{kind:?}");
        }
    }

    #[test]
    fn cause_is_the_source_and_not_in_the_message() {
        let error = Error::new(ErrorKind::Io, "reset by peer");
        assert_eq!(error.to_string(), "the connection broke");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("reset by peer"));
    }

    #[test]
    fn public_types_cross_threads() {
        fn crosses<T: Send + Sync + 'static + ?Sized>() {}
        crosses::<Error>();
        crosses::<dyn crate::Transport>();
        crosses::<dyn crate::Timer>();
    }
}
