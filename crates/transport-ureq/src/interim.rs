//! Responses `100 Continue` before the final one.

use ureq::unversioned::transport::Buffers;

/// What the input of a connection begins with.
#[derive(Debug, Eq, PartialEq)]
enum Head {
    /// A complete `100 Continue` of this length, with headers.
    Continue(usize),
    /// Another 1xx response, or part of a head. ureq handles it.
    Interim,
    /// The final response.
    Final,
}

/// Skips each `100 Continue` with headers, for which ureq would return an error and thus lose the final response. RFC
/// 9110, section 15.2, allows the headers. Returns whether the final response has begun.
///
/// It must be called for all input until then. ureq consumes heads as a whole, so the input always begins with one.
///
/// A request with `expect: 100-continue` fails if its `100 Continue` has headers: ureq waits for that response, then
/// finds no input, and takes this for a closed connection. The SDK sends no such request.
pub(crate) fn skip(buffers: &mut dyn Buffers) -> bool {
    loop {
        match parse(buffers.input()) {
            Head::Continue(length) => buffers.input_consume(length),
            head => return head == Head::Final,
        }
    }
}

fn parse(input: &[u8]) -> Head {
    // The status is after `HTTP/1.1`.
    match input.get(8..12) {
        Some(b" 100")
            if input.starts_with(b"HTTP/1.") && matches!(input.get(12), Some(b' ' | b'\r' | b'\n')) =>
        {
            length_with_headers(input).map_or(Head::Interim, Head::Continue)
        }
        // ureq returns 101 as the final response.
        Some(b" 101") => Head::Final,
        None | Some([b' ', b'1', ..]) => Head::Interim,
        Some(_) => Head::Final,
    }
}

/// Returns the length of a head that is complete and has headers. Lines may end without CR (RFC 9112, section 2.2).
fn length_with_headers(input: &[u8]) -> Option<usize> {
    let mut lines = input.split_inclusive(|byte| *byte == b'\n');
    let mut length = lines.next()?.len();
    for (number, line) in lines.enumerate() {
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return (number > 0).then_some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_100_with_headers_is_skipped() {
        for (skipped, rest) in [
            ("HTTP/1.1 100 Continue\r\ndate: x\r\n\r\n", ""),
            ("HTTP/1.0 100\ndate: x\n\n", "HTTP/1.1 200 OK\r\n\r\n"),
            ("HTTP/1.1 100 \r\na: x\r\nb: y\r\n\r\n", "\r\n"),
        ] {
            assert_eq!(
                parse([skipped, rest].concat().as_bytes()),
                Head::Continue(skipped.len()),
                "{skipped}"
            );
            for end in 0..skipped.len() {
                assert_eq!(parse(&skipped.as_bytes()[..end]), Head::Interim, "{skipped} {end}");
            }
        }
        for (head, expected) in [
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\na: x\r\n\r\n", Head::Interim),
            ("HTTP/1.1 103 Early Hints\r\na: x\r\n\r\n", Head::Interim),
            ("HTTP/1.1 1000 Continue\r\na: x\r\n\r\n", Head::Interim),
            ("HTTP/1.1 101 Switching Protocols\r\na: x\r\n\r\n", Head::Final),
            ("HTTP/1.1 200 OK\r\na: x\r\n\r\n", Head::Final),
            ("{\"key\":\"sk-or-v1-00\"}", Head::Final),
        ] {
            assert_eq!(parse(head.as_bytes()), expected, "{head}");
        }
    }
}
