//! The error of a transport.

use std::{error::Error as StdError, fmt};

use http::StatusCode;

/// Any error that can be sent between threads.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The error for a request without a complete response.
///
/// Check [`may_have_been_sent`](Self::may_have_been_sent) before you retry: a code works only once, so do not resend
/// one that the server may have processed. [`Display`](fmt::Display) does not include the cause, which `source`
/// returns.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    may_have_been_sent: bool,
    status: Option<StatusCode>,
    source: Option<BoxError>,
}

/// The kind of an [`Error`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The transport could not connect: the name does not resolve, the host is unreachable or refuses the connection,
    /// or the connection or the TLS handshake broke or timed out. Nothing was sent. A retry may help.
    Connect,
    /// The TLS handshake failed: the client does not accept the server's certificate, or client and server share no TLS
    /// version or cipher. Nothing was sent. A retry does not help.
    Tls,
    /// The proxy could not connect. Nothing was sent. A retry may help.
    Proxy,
    /// The proxy requires credentials (status 407), or rejected those it received. Nothing was sent. A retry does not
    /// help.
    ProxyAuth,
    /// The proxy requires authentication, but only of a kind that the transport does not support, such as Negotiate or
    /// NTLM. Nothing was sent. A retry does not help.
    ProxyAuthUnsupported,
    /// The connection broke after it was established. The request may have been sent.
    Io,
    /// [`Limits::timeout`](crate::Limits::timeout) passed. The request may have been sent.
    Timeout,
    /// The body exceeds [`Limits::response_bytes`](crate::Limits::response_bytes), or the head is too large. The
    /// request was sent.
    TooLarge,
    /// The response was not valid HTTP. The request may have been sent.
    Protocol,
    /// Any other error. The request may have been sent. If it was not, the cause is on this machine, such as an invalid
    /// setting or a missing async runtime, and a retry seldom helps.
    Other,
}

impl Error {
    /// Creates an error of this kind, with its cause.
    ///
    /// [`ErrorKind::Connect`], [`Tls`](ErrorKind::Tls), [`Proxy`](ErrorKind::Proxy),
    /// [`ProxyAuth`](ErrorKind::ProxyAuth), and [`ProxyAuthUnsupported`](ErrorKind::ProxyAuthUnsupported) mean that
    /// nothing was sent. All other kinds mean that the request may have been sent, unless you call
    /// [`not_sent`](Self::not_sent).
    pub fn new(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self { source: Some(source.into()), ..Self::from(kind) }
    }

    /// Creates an error of the kind [`ErrorKind::Other`] for a request that the transport did not begin to send, such
    /// as one with a URL that it does not support. The error is marked as [not sent](Self::not_sent).
    pub fn rejected(reason: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Other, reason).not_sent()
    }

    /// Marks the request as not sent. In this crate, that means: no byte of it can have reached the server, or the
    /// server proved that it did not process the request.
    ///
    /// Call this only with proof, such as a connection that handed the request back unwritten, or a stream that an
    /// HTTP/2 server refused.
    #[must_use]
    pub fn not_sent(mut self) -> Self {
        self.may_have_been_sent = false;
        self
    }

    /// Adds the status of a response whose head arrived but whose body did not.
    ///
    /// A caller can then recognize a rejection without its body.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Returns the kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the status, if the head of a response arrived but its body did not.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns whether the server may have processed the request. If not, it can be sent again, even with a code.
    ///
    /// See [`not_sent`](Self::not_sent) for the proof that this requires.
    pub fn may_have_been_sent(&self) -> bool {
        self.may_have_been_sent
    }
}

/// The kinds which mean that nothing was sent.
const UNSENT: [ErrorKind; 5] = [
    ErrorKind::Connect,
    ErrorKind::Tls,
    ErrorKind::Proxy,
    ErrorKind::ProxyAuth,
    ErrorKind::ProxyAuthUnsupported,
];

/// Creates an error of this kind, without a cause.
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        let may_have_been_sent = !UNSENT.contains(&kind);
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
            Self::Connect => "could not connect",
            Self::Tls => "the TLS handshake failed",
            Self::Proxy => "the proxy could not connect",
            Self::ProxyAuth => "the proxy requires credentials",
            Self::ProxyAuthUnsupported => "the proxy requires a kind of authentication that is not supported",
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
    fn only_connect_tls_and_proxy_errors_mean_not_sent() {
        for kind in UNSENT {
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
    fn rejected_request_was_not_sent() {
        let error = Error::rejected("no TLS");
        assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Other, false));
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no TLS"));
    }

    #[test]
    fn cause_is_the_source_and_not_in_the_message() {
        let error = Error::new(ErrorKind::Io, "reset by peer");
        assert_eq!(error.to_string(), "the connection broke");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("reset by peer"));
    }

    #[test]
    fn public_types_are_send_and_sync() {
        fn check<T: Send + Sync + 'static + ?Sized>() {}
        check::<Error>();
        check::<dyn crate::Transport>();
        check::<dyn crate::Timer>();
    }
}
