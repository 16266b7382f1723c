//! Reads the head of the request on one connection, without I/O. The caller passes bytes and the time, and gets a
//! complete head or a rejection.

use std::time::{Duration, Instant};

use openrouter_oauth::transport::WipedBuffer;

use super::response::RejectedRequest;

/// Reads the head of the only request on a connection.
#[derive(Debug)]
pub(crate) struct HeadReader {
    /// May contain the code.
    bytes: WipedBuffer,
    last: u8,
    /// The length of the current line in bytes.
    line: usize,
    deadline: Instant,
}

/// The progress of a [`HeadReader`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HeadProgress {
    /// The head is not complete yet.
    More,
    /// The head is complete. The bytes after it are ignored.
    Complete,
    /// The request is rejected with this response.
    Reject(RejectedRequest),
    /// The client sent nothing, so the connection is closed without a response.
    Close,
}

/// How long a head may take, measured from the start of the connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum size of a head in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// The initial size of the buffer, larger than most heads, so that it seldom grows.
const USUAL_HEAD_BYTES: usize = 1024;

impl HeadReader {
    /// Creates a reader for a connection that was accepted now.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            bytes: WipedBuffer::with_capacity(USUAL_HEAD_BYTES),
            last: 0,
            line: 0,
            deadline: now + HEAD_TIMEOUT,
        }
    }

    /// Returns the deadline, at which the caller must call [`receive`](Self::receive).
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Handles the bytes that arrived now. `bytes` is empty at the end of the stream and at the deadline.
    pub(crate) fn receive(&mut self, bytes: &[u8], now: Instant) -> HeadProgress {
        let is_empty_connection = self.bytes.is_empty() && bytes.is_empty();
        if now >= self.deadline {
            return if is_empty_connection {
                HeadProgress::Close
            } else {
                HeadProgress::Reject(RejectedRequest::Slow)
            };
        }
        if bytes.is_empty() {
            return if is_empty_connection {
                HeadProgress::Close
            } else {
                HeadProgress::Reject(RejectedRequest::Malformed)
            };
        }
        for (before, &byte) in bytes.iter().enumerate() {
            let is_first = self.bytes.is_empty() && before == 0;
            if !self.may_follow(byte, is_first) {
                return HeadProgress::Reject(RejectedRequest::Malformed);
            }
            if self.bytes.len() + before == MAX_HEAD_BYTES {
                return HeadProgress::Reject(RejectedRequest::TooLong);
            }
            let is_end = byte == b'\n' && self.line == 0;
            self.line = match byte {
                b'\n' => 0,
                b'\r' => self.line,
                _ => self.line + 1,
            };
            self.last = byte;
            if is_end {
                self.bytes.extend_from_slice(bytes.get(..=before).unwrap_or_default());
                return HeadProgress::Complete;
            }
        }
        self.bytes.extend_from_slice(bytes);
        HeadProgress::More
    }

    /// Returns whether `byte` may come next. Lines end with CR LF, and neither may appear alone. The tab is the only
    /// other control character allowed. This rejects TLS and other protocols by their first bytes.
    fn may_follow(&self, byte: u8, is_first: bool) -> bool {
        match byte {
            b'\n' => self.last == b'\r',
            _ if self.last == b'\r' => false,
            b'!'..=b'~' => true,
            b'\r' | b'\t' | b' ' | 0x80.. => !is_first,
            _ => false,
        }
    }

    /// Returns the bytes of the head so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// Receives these bytes one by one, and then the end.
    fn one_by_one(bytes: &[u8]) -> HeadProgress {
        let now = Instant::now();
        let mut reader = HeadReader::new(now);
        for byte in bytes {
            match reader.receive(&[*byte], now) {
                HeadProgress::More => {}
                step => return step,
            }
        }
        reader.receive(&[], now)
    }

    fn at_once(bytes: &[u8]) -> HeadProgress {
        let now = Instant::now();
        let mut reader = HeadReader::new(now);
        match reader.receive(bytes, now) {
            HeadProgress::More => reader.receive(&[], now),
            step => step,
        }
    }

    #[test]
    fn head_is_complete_at_its_empty_line() {
        let now = Instant::now();
        for cut in 0..=HEAD.len() {
            let mut reader = HeadReader::new(now);
            let (first, second) = HEAD.split_at(cut);
            if !first.is_empty() {
                let step = if second.is_empty() { HeadProgress::Complete } else { HeadProgress::More };
                assert_eq!(reader.receive(first, now), step);
            }
            if !second.is_empty() {
                assert_eq!(reader.receive(&[second, b"more"].concat(), now), HeadProgress::Complete);
            }
            assert_eq!(reader.bytes(), HEAD);
        }
    }

    #[test]
    fn wrong_byte_rejects_the_head() {
        // L-15
        let lines: [&[u8]; 9] = [
            b"\r\nGET / HTTP/1.1\r\n\r\n",
            b"\nGET / HTTP/1.1\r\n\r\n",
            b" GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\n\n",
            b"GET / HTTP/1.1\r\nA: b\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ];
        for line in lines {
            let shown = line.escape_ascii();
            assert_eq!(at_once(line), HeadProgress::Reject(RejectedRequest::Malformed), "{shown}");
            assert_eq!(one_by_one(line), HeadProgress::Reject(RejectedRequest::Malformed), "{shown}");
        }
    }

    #[test]
    fn head_has_at_most_8_kib() {
        // L-14
        let head = |length: usize| {
            let (first, last) = ("GET / HTTP/1.1\r\nA: ", "\r\n\r\n");
            [first, &"b".repeat(length - first.len() - last.len()), last].concat().into_bytes()
        };
        for reads in [at_once, one_by_one] {
            assert_eq!(reads(&head(8192)), HeadProgress::Complete);
            assert_eq!(reads(&head(8193)), HeadProgress::Reject(RejectedRequest::TooLong));
        }
        let now = Instant::now();
        let mut reader = HeadReader::new(now);
        let step = reader.receive(&vec![b'a'; 1 << 20], now);
        assert_eq!((step, reader.bytes().len()), (HeadProgress::Reject(RejectedRequest::TooLong), 0));
    }

    #[test]
    fn head_may_take_five_seconds() {
        // L-14
        let begin = Instant::now();
        let (just_before, deadline) =
            (begin + Duration::from_nanos(4_999_999_999), begin + Duration::from_secs(5));
        let mut trickle = HeadReader::new(begin);
        assert_eq!(trickle.deadline(), deadline);
        assert_eq!(trickle.receive(b"G", begin), HeadProgress::More);
        assert_eq!(trickle.receive(b"E", just_before), HeadProgress::More);
        assert_eq!(
            trickle.receive(b"T / HTTP/1.1\r\n\r\n", deadline),
            HeadProgress::Reject(RejectedRequest::Slow)
        );
        assert_eq!(HeadReader::new(begin).receive(HEAD, just_before), HeadProgress::Complete);
    }

    #[test]
    fn silent_connection_gets_no_response() {
        // A browser may open a connection in advance and never use it.
        let begin = Instant::now();
        assert_eq!(HeadReader::new(begin).receive(&[], begin), HeadProgress::Close);
        assert_eq!(HeadReader::new(begin).receive(&[], begin + HEAD_TIMEOUT), HeadProgress::Close);
    }
}
