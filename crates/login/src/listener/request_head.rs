//! One connection, without its socket: bytes and the time go in, and a whole head or a refusal comes out.

use std::time::{Duration, Instant};

use openrouter_oauth::transport::WipedBuffer;

use super::RejectedRequest;

/// What a browser says on one connection, which is the head of one request.
#[derive(Debug)]
pub struct Conversation {
    /// Holds the code.
    head: WipedBuffer,
    last: u8,
    /// How many bytes the line has so far.
    line: usize,
    deadline: Instant,
}

/// How far a [`Conversation`] has come.
#[expect(clippy::exhaustive_enums, reason = "no part of the API")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// More has to come.
    More,
    /// The head is whole. What follows it is not looked at.
    Whole,
    /// There will be no request; this is answered.
    Refuse(RejectedRequest),
    /// There will be no request, and there was not a byte of one: nothing is answered.
    Close,
}

/// How long a head may take, from the connection on (L-14).
const PATIENCE: Duration = Duration::from_secs(5);

/// How many bytes a head may have (L-14).
const MAX_BYTES: usize = 8 * 1024;

/// More than most heads have, so that the buffer does not have to grow.
const USUAL_BYTES: usize = 1024;

impl Conversation {
    /// A browser connected now.
    pub fn new(now: Instant) -> Self {
        Self { head: WipedBuffer::with_capacity(USUAL_BYTES), last: 0, line: 0, deadline: now + PATIENCE }
    }

    /// When to stop waiting: [`receive`](Self::receive) is called then, if it was not before.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes what the browser said now; nothing, if it said all that it will or the deadline has come.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Step {
        let is_silent = self.head.is_empty() && bytes.is_empty();
        if now >= self.deadline {
            return if is_silent { Step::Close } else { Step::Refuse(RejectedRequest::Slow) };
        }
        if bytes.is_empty() {
            return if is_silent { Step::Close } else { Step::Refuse(RejectedRequest::Malformed) };
        }
        for (before, &byte) in bytes.iter().enumerate() {
            let is_first = self.head.is_empty() && before == 0;
            if !self.may_follow(byte, is_first) {
                return Step::Refuse(RejectedRequest::Malformed);
            }
            if self.head.len() + before == MAX_BYTES {
                return Step::Refuse(RejectedRequest::TooLong);
            }
            let is_end = byte == b'\n' && self.line == 0;
            self.line = match byte {
                b'\n' => 0,
                b'\r' => self.line,
                _ => self.line + 1,
            };
            self.last = byte;
            if is_end {
                self.head.extend_from_slice(bytes.get(..=before).unwrap_or_default());
                return Step::Whole;
            }
        }
        self.head.extend_from_slice(bytes);
        Step::More
    }

    /// Lines end with CR and LF, and neither stands alone; there is no other control character but the tab (L-15). A
    /// connection that speaks TLS or something else is known by its first bytes.
    fn may_follow(&self, byte: u8, is_first: bool) -> bool {
        match byte {
            b'\n' => self.last == b'\r',
            _ if self.last == b'\r' => false,
            b'!'..=b'~' => true,
            b'\r' | b'\t' | b' ' | 0x80.. => !is_first,
            _ => false,
        }
    }

    /// What was received of the head.
    pub fn head(&self) -> &[u8] {
        self.head.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// What comes of these bytes, one by one, and of the end after them.
    fn one_by_one(bytes: &[u8]) -> Step {
        let now = Instant::now();
        let mut conversation = Conversation::new(now);
        for byte in bytes {
            match conversation.receive(&[*byte], now) {
                Step::More => {}
                step => return step,
            }
        }
        conversation.receive(&[], now)
    }

    fn at_once(bytes: &[u8]) -> Step {
        let now = Instant::now();
        let mut conversation = Conversation::new(now);
        match conversation.receive(bytes, now) {
            Step::More => conversation.receive(&[], now),
            step => step,
        }
    }

    #[test]
    fn a_head_is_whole_at_its_empty_line_however_it_is_cut() {
        let now = Instant::now();
        for cut in 0..=HEAD.len() {
            let mut conversation = Conversation::new(now);
            let (first, second) = HEAD.split_at(cut);
            if !first.is_empty() {
                let step = if second.is_empty() { Step::Whole } else { Step::More };
                assert_eq!(conversation.receive(first, now), step);
            }
            if !second.is_empty() {
                assert_eq!(conversation.receive(&[second, b"more"].concat(), now), Step::Whole);
            }
            assert_eq!(conversation.head(), HEAD);
        }
    }

    #[test]
    fn a_byte_that_no_head_has_is_refused_where_it_stands() {
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
            assert_eq!(at_once(line), Step::Refuse(RejectedRequest::Malformed), "{shown}");
            assert_eq!(one_by_one(line), Step::Refuse(RejectedRequest::Malformed), "{shown}");
        }
    }

    #[test]
    fn a_head_has_at_most_8_kib() {
        // L-14
        let head = |length: usize| {
            let (first, last) = ("GET / HTTP/1.1\r\nA: ", "\r\n\r\n");
            [first, &"b".repeat(length - first.len() - last.len()), last].concat().into_bytes()
        };
        for reads in [at_once, one_by_one] {
            assert_eq!(reads(&head(8192)), Step::Whole);
            assert_eq!(reads(&head(8193)), Step::Refuse(RejectedRequest::TooLong));
        }
        let now = Instant::now();
        let mut conversation = Conversation::new(now);
        let step = conversation.receive(&vec![b'a'; 1 << 20], now);
        assert_eq!((step, conversation.head().len()), (Step::Refuse(RejectedRequest::TooLong), 0));
    }

    #[test]
    fn a_head_has_five_seconds_in_all() {
        // L-14
        let begin = Instant::now();
        let (just_before, deadline) =
            (begin + Duration::from_nanos(4_999_999_999), begin + Duration::from_secs(5));
        let mut trickle = Conversation::new(begin);
        assert_eq!(trickle.deadline(), deadline);
        assert_eq!(trickle.receive(b"G", begin), Step::More);
        assert_eq!(trickle.receive(b"E", just_before), Step::More);
        assert_eq!(trickle.receive(b"T / HTTP/1.1\r\n\r\n", deadline), Step::Refuse(RejectedRequest::Slow));
        assert_eq!(Conversation::new(begin).receive(HEAD, just_before), Step::Whole);
    }

    #[test]
    fn a_connection_without_a_byte_is_closed_without_one() {
        // A browser connects ahead, to save time, and may have nothing to say.
        let begin = Instant::now();
        assert_eq!(Conversation::new(begin).receive(&[], begin), Step::Close);
        assert_eq!(Conversation::new(begin).receive(&[], begin + PATIENCE), Step::Close);
    }
}
