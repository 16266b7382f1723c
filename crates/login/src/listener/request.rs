//! The head of a request, read strictly.

use httparse::{Header, Status};

use super::RejectedRequest;

/// A request that everybody reads the same way.
pub(super) struct Request<'a, 'head> {
    pub(super) method: &'head str,
    pub(super) target: &'head str,
    headers: &'a [Header<'head>],
}

impl<'a, 'head> Request<'a, 'head> {
    /// Reads a whole head, whose lines were checked to end as they should.
    pub(super) fn read(head: &'head [u8], headers: &'a mut [Header<'head>]) -> Result<Self, RejectedRequest> {
        let mut request = httparse::Request::new(headers);
        match request.parse(head) {
            Ok(Status::Complete(length)) if length == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(RejectedRequest::TooLong),
            Ok(_) | Err(_) => return Err(RejectedRequest::Malformed),
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(RejectedRequest::Malformed);
        };
        let request = Request { method, target, headers: request.headers };
        // No `#`: a browser keeps what follows it to itself.
        let has_plain_target = target.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'#');
        if has_plain_target && request.is_framed_plainly() {
            Ok(request)
        } else {
            Err(RejectedRequest::Malformed)
        }
    }

    /// Whether there is one way to tell where this request ends. It is the only one of its connection: no chunks,
    /// and no other protocol after it.
    fn is_framed_plainly(&self) -> bool {
        let mut lengths = self.values("content-length");
        let is_length = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        lengths.next().is_none_or(is_length)
            && lengths.next().is_none()
            && !self.has("transfer-encoding")
            && !self.has("upgrade")
    }

    /// The host that the browser believes to be at, named once.
    pub(super) fn host(&self) -> Result<&'head [u8], RejectedRequest> {
        let mut hosts = self.values("host");
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => Ok(host),
            _ => Err(RejectedRequest::Malformed),
        }
    }

    /// Whether a browser goes to a page with this, in a tab, for a user to see: no script asks, no frame, and
    /// nothing that loads ahead.
    pub(super) fn is_navigation(&self) -> bool {
        self.values("sec-fetch-mode").all(|mode| mode == b"navigate")
            && self.values("sec-fetch-dest").all(|destination| destination == b"document")
            && ["origin", "sec-purpose", "purpose", "x-purpose", "x-moz"].iter().all(|name| !self.has(name))
    }

    fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'head [u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }
}
