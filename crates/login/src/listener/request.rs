//! The head of a request, read strictly.

use httparse::{EMPTY_HEADER, Header, Status};

use super::response::RejectedRequest;

/// A request that every parser reads in the same way.
pub(super) struct Request<'head> {
    pub(super) method: &'head str,
    pub(super) target: &'head str,
    /// The host that the browser thinks it is talking to. `None` if it is missing or repeated.
    pub(super) host: Option<&'head [u8]>,
    /// Whether a browser sent the request to open a page in a tab, rather than for a script, a frame, or a preload.
    pub(super) is_navigation: bool,
}

/// How many headers a request may have.
const MAX_HEADERS: usize = 50;

impl<'head> Request<'head> {
    /// Reads a complete head whose line ends were already checked.
    pub(super) fn read(head: &'head [u8]) -> Result<Self, RejectedRequest> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(Status::Complete(length)) if length == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(RejectedRequest::TooLong),
            Ok(_) | Err(_) => return Err(RejectedRequest::Malformed),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(RejectedRequest::Malformed);
        };
        let headers = Headers::read(request.headers);
        // No `#`, because a browser never sends a fragment.
        let has_plain_target = target.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'#');
        if !has_plain_target || !headers.is_plainly_framed || headers.lengths > 1 {
            return Err(RejectedRequest::Malformed);
        }
        let host = headers.host.filter(|_| headers.hosts == 1);
        Ok(Request { method, target, host, is_navigation: headers.is_navigation })
    }
}

/// The relevant facts from the headers.
struct Headers<'head> {
    host: Option<&'head [u8]>,
    hosts: usize,
    lengths: usize,
    /// Whether the end of this request is unambiguous: no chunks, and no other protocol after it. A connection has only
    /// one request.
    is_plainly_framed: bool,
    is_navigation: bool,
}

impl<'head> Headers<'head> {
    fn read(headers: &[Header<'head>]) -> Self {
        let mut read =
            Self { host: None, hosts: 0, lengths: 0, is_plainly_framed: true, is_navigation: true };
        for Header { name, value } in headers {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("host") {
                read.hosts += 1;
                read.host = Some(value);
            } else if is("content-length") {
                read.lengths += 1;
                read.is_plainly_framed &= !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            } else if is("transfer-encoding") || is("upgrade") {
                read.is_plainly_framed = false;
            } else if is("sec-fetch-mode") {
                read.is_navigation &= *value == b"navigate";
            } else if is("sec-fetch-dest") {
                read.is_navigation &= *value == b"document";
            } else if ["origin", "sec-purpose", "purpose", "x-purpose", "x-moz"].into_iter().any(is) {
                read.is_navigation = false;
            }
        }
        read
    }
}
