//! The transport's errors, from those of ureq.

use std::io;

use openrouter_oauth_transport::{
    BoxError, Error, ErrorKind,
    parts::{Proxy, ProxyError},
};

use crate::{deadline::Deadline, progress::Progress};

/// Returns the error of a request that has come this far.
pub(crate) fn from_ureq(
    error: ureq::Error,
    progress: &Progress,
    deadline: Deadline,
    proxy: Option<&Proxy>,
) -> Error {
    if progress.is_written() {
        return Error::new(kind_after_writing(&error, deadline), cause(error));
    }
    let proxy = proxy.filter(|_| !progress.is_open());
    let kind = kind_before_writing(&error, progress, deadline, proxy);
    let cause = cause(error);
    let cause = match proxy {
        Some(proxy) => proxy.explain(cause),
        None => cause,
    };
    Error::new(kind, cause).not_sent()
}

/// `proxy` is the one that the request was still connecting through.
fn kind_before_writing(
    error: &ureq::Error,
    progress: &Progress,
    deadline: Deadline,
    proxy: Option<&Proxy>,
) -> ErrorKind {
    let has_tls = progress.is_open() || proxy.is_some_and(Proxy::uses_tls);
    match error {
        ureq::Error::Timeout(_) if deadline.is_over() => ErrorKind::Timeout,
        ureq::Error::Timeout(_) => ErrorKind::Connect,
        error if has_tls && is_tls(error) => ErrorKind::Tls,
        error if proxy.is_some() => from_proxy(error).map_or(ErrorKind::Proxy, ProxyError::kind),
        ureq::Error::Io(_) | ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => ErrorKind::Connect,
        _ => ErrorKind::Other,
    }
}

/// Returns the proxy's error, if the proxy responded.
fn from_proxy(error: &ureq::Error) -> Option<&ProxyError> {
    match error {
        ureq::Error::Other(error) => error.downcast_ref(),
        _ => None,
    }
}

fn kind_after_writing(error: &ureq::Error, deadline: Deadline) -> ErrorKind {
    match error {
        ureq::Error::Timeout(_) if deadline.is_over() => ErrorKind::Timeout,
        // Any other timeout is the operating system's. The body stalls where the connection ends inside the framing of
        // a chunk.
        ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::BodyStalled => ErrorKind::Io,
        ureq::Error::LargeResponseHeader(..) => ErrorKind::TooLarge,
        ureq::Error::Protocol(error) if error.to_string() == TOO_MANY_HEADERS => ErrorKind::TooLarge,
        ureq::Error::Protocol(_) => ErrorKind::Protocol,
        _ => ErrorKind::Other,
    }
}

/// Returns whether rustls reported the error.
fn is_tls(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => true,
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::InvalidData,
        _ => false,
    }
}

/// Returns the cause for `source`. It quotes nothing that the server sent, except for names in a certificate.
fn cause(error: ureq::Error) -> BoxError {
    match error {
        ureq::Error::Io(error) => error.into(),
        ureq::Error::Other(error) => error,
        ureq::Error::Protocol(error) => {
            // Some of these end with a header that the server sent.
            error.to_string().split(':').next().unwrap_or_default().into()
        }
        error => error.into(),
    }
}

/// The text of an error whose type ureq does not export.
const TOO_MANY_HEADERS: &str = "http parse resulted in too many headers";

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ureq::Timeout;

    use super::*;

    #[test]
    fn only_the_deadline_is_a_timeout() {
        // ureq reports a timeout of the operating system, such as that for acknowledgments, in the same way.
        let over = Deadline::new(Instant::now(), Some(Duration::ZERO));
        let open = Deadline::new(Instant::now(), Some(Duration::from_secs(600)));
        let endless = Deadline::new(Instant::now(), None);
        let progress = Progress::default();
        let kind =
            |deadline| from_ureq(ureq::Error::Timeout(Timeout::Global), &progress, deadline, None).kind();
        assert_eq!(
            [over, open, endless].map(kind),
            [ErrorKind::Timeout, ErrorKind::Connect, ErrorKind::Connect]
        );
        progress.mark_written();
        assert_eq!([over, open, endless].map(kind), [ErrorKind::Timeout, ErrorKind::Io, ErrorKind::Io]);
    }
}
