//! A bound on answers that come before the answer.

use std::fmt;

/// How many 1xx answers may come before the real one. RFC 9110, section 15.2, allows any number.
const MOST: usize = 10;

/// Counts the 1xx answers on a connection since something was last written to it.
///
/// Hyper reads and drops them without end. It has a callback for them, which costs each request a map of extensions;
/// to follow the bytes costs a look at the first ten of an answer.
#[derive(Debug, Default)]
pub(crate) struct Interim {
    seen: usize,
    at: At,
}

/// Where in what the server sends the next byte is.
#[derive(Clone, Copy, Debug)]
enum At {
    /// So many bytes into the status line.
    StatusLine(usize),
    /// In a line of a 1xx answer.
    Line,
    /// At the start of such a line.
    LineStart,
    /// In the answer itself, which is hyper's matter.
    Answer,
}

impl Interim {
    /// A request is on its way, or more of one.
    pub(crate) fn write(&mut self) {
        *self = Self::default();
    }

    /// The server has sent these bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), TooMany> {
        for &byte in bytes {
            self.at = match (self.at, byte) {
                (At::Answer, _) => break,
                (At::StatusLine(FIRST_DIGIT), b'1') => {
                    self.seen += 1;
                    At::Line
                }
                (At::StatusLine(FIRST_DIGIT), _) => At::Answer,
                // The end of a 1xx answer, or an empty line after it, which hyper passes over, too.
                (At::LineStart, b'\n') | (At::StatusLine(0), b'\r' | b'\n') => At::StatusLine(0),
                (At::StatusLine(length), _) => At::StatusLine(length + 1),
                (At::LineStart, b'\r') | (At::Line, b'\n') => At::LineStart,
                (At::LineStart | At::Line, _) => At::Line,
            };
        }
        if self.seen > MOST { Err(TooMany) } else { Ok(()) }
    }
}

impl Default for At {
    fn default() -> Self {
        Self::StatusLine(0)
    }
}

/// Where the status stands in `HTTP/1.1 100 Continue`.
const FIRST_DIGIT: usize = 9;

/// There were too many 1xx answers.
#[derive(Debug)]
pub(crate) struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {MOST} answers came before the answer")
    }
}

impl std::error::Error for TooMany {}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERIM: &[u8] = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";

    #[test]
    fn ten_are_allowed_between_two_requests() {
        let mut interim = Interim::default();
        for _ in 0..3 {
            interim.write();
            for _ in 0..MOST {
                interim.read(INTERIM).unwrap();
            }
        }
        interim.read(INTERIM).unwrap_err();
    }

    #[test]
    fn they_are_counted_however_they_are_cut() {
        for size in 1..INTERIM.len() * 2 {
            for (count, too_many) in [(MOST, false), (MOST + 1, true)] {
                let mut interim = Interim::default();
                let all = INTERIM.repeat(count);
                let result = all.chunks(size).try_for_each(|bytes| interim.read(bytes));
                assert_eq!(result.is_err(), too_many, "{count} in pieces of {size}");
            }
        }
    }

    #[test]
    fn short_line_ends_and_empty_lines_hide_nothing() {
        for one in
            [&b"HTTP/1.1 100\n\n"[..], b"HTTP/1.0 199 \n\r\n", b"\r\n\n\rHTTP/1.1 100 Continue\r\nx:\n\n"]
        {
            let mut interim = Interim::default();
            interim.read(&one.repeat(MOST)).unwrap();
            interim.read(one).unwrap_err();
        }
    }

    #[test]
    fn the_answer_is_not_looked_at() {
        let mut interim = Interim::default();
        interim.read(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        interim.read(&INTERIM.repeat(MOST * 2)).unwrap();
    }
}
