//! Scenarios: a response is returned unchanged.

use bytes::Bytes;
use http::{HeaderValue, Response};

use crate::{
    harness::{Harness, Outcome, ensure, ensure_body, ensure_requests, post},
    scripted_connection::close_connection,
};

/// Common statuses, statuses that clients tend to act on, and unassigned ones.
const STATUSES: &[u16] = &[
    200, 201, 202, 203, 206, 226, 299, 300, 304, 305, 306, 310, 399, 400, 401, 402, 403, 404, 405, 407, 408,
    409, 410, 413, 417, 418, 421, 422, 425, 426, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 520,
    529, 599, 600, 999,
];

pub(crate) async fn every_status_is_returned(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|connection, number| {
        let status = STATUSES.get(number).unwrap_or(&200);
        // Headers that a client might act on.
        let hints =
            "retry-after: 0\r\nwww-authenticate: Basic realm=\"x\"\r\nproxy-authenticate: Basic realm=\"x\"";
        let body = if *status == 304 { "" } else { "body" };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Reason\r\n{hints}\r\ncontent-length: {length}\r\n\r\n");
        connection.send([head.as_bytes(), body.as_bytes()].concat().as_slice())
    })?;
    for (number, status) in STATUSES.iter().enumerate() {
        let response = harness.response(post(&server)).await.map_err(|error| format!("{status}: {error}"))?;
        ensure_requests(&server, number + 1).map_err(|error| format!("{status}: {error}"))?;
        let body = if *status == 304 { "" } else { "body" };
        let is_same = response.status() == *status && response.body() == body;
        ensure(is_same, || format!("{status} was not returned unchanged: {response:?}"))?;
    }
    Ok(())
}

pub(crate) async fn interim_responses_are_skipped(harness: &Harness<'_>) -> Outcome {
    const INTERIM: [&str; 4] = [
        "HTTP/1.1 100 Continue\r\n\r\n",
        // RFC 9110, section 15.2, allows headers.
        "HTTP/1.1 100 Continue\r\ndate: early\r\nset-cookie: early=1\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\nset-cookie: early=1\r\n\r\n",
    ];
    let server = harness.serve(|connection, number| {
        // First all in one write, then one write each, then ten copies of the first, the second, and so on.
        match number {
            0 => connection.send(INTERIM.concat().as_bytes())?,
            1 => INTERIM.iter().try_for_each(|interim| connection.send(interim.as_bytes()))?,
            _ => connection.send(INTERIM.get(number - 2).unwrap_or(&"").repeat(10).as_bytes())?,
        }
        connection.respond("final")
    })?;
    for number in 1..=2 + INTERIM.len() {
        let response = harness.response(post(&server)).await?;
        ensure_body(&response, "final")?;
        ensure_requests(&server, number)?;
        let is_mixed =
            response.headers().contains_key("link") || response.headers().contains_key("set-cookie");
        ensure(!is_mixed, || "the response has headers of a 1xx response".into())?;
    }
    Ok(())
}

pub(crate) async fn response_without_a_body_is_complete(harness: &Harness<'_>) -> Outcome {
    // A 304 may have the Content-Length of the body that it omits (RFC 9110, section 8.6).
    const RESPONSES: [(u16, &str); 4] = [
        (204, "HTTP/1.1 204 No Content\r\nx-kept: 1\r\n\r\n"),
        (304, "HTTP/1.1 304 Not Modified\r\nx-kept: 1\r\ncontent-length: 9\r\n\r\n"),
        (205, "HTTP/1.1 205 Reset Content\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n"),
        (200, "HTTP/1.1 200 OK\r\nx-kept: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ];
    let server = harness.serve(|connection, number| match RESPONSES.get(number) {
        Some((_, response)) => connection.send(response.as_bytes()),
        None => close_connection(),
    })?;
    for (status, _) in RESPONSES {
        let response = harness.response(post(&server)).await.map_err(|error| format!("{status}: {error}"))?;
        let is_kept = response.headers().get("x-kept").is_some_and(|kept| kept == "1");
        let is_same = response.status() == status && response.body().is_empty() && is_kept;
        ensure(is_same, || format!("{status} was not returned unchanged: {response:?}"))?;
    }
    Ok(())
}

/// `{"key":"value"}`, compressed with gzip.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xab\x56\xca\x4e\xad\x54\xb2\x52\x2a\x4b\xcc\x29\x4d\x55\xaa\
    \x05\0\xbf\x9c\x18\x3f\x0f\0\0\0";

/// The headers and the body of each response.
const HEADERS_AND_BODIES: [(&str, &[u8]); 6] = [
    ("content-type: application/json\r\ncontent-encoding: gzip\r\n", GZIP),
    ("content-encoding: br\r\n", b"not brotli"),
    ("content-encoding: deflate\r\n", b"not deflate"),
    ("content-type: text/html; charset=latin1\r\n", b"\xef\xbb\xbf\0\r\n\r\n\xff\xfe"),
    ("set-cookie: b=1\r\nx-empty:\r\nset-cookie: a=2\r\ndate: then\r\n", b"0\r\n\r\n"),
    ("content-type: message/http\r\n", b"HTTP/1.1 100 Continue\r\ndate: then\r\n\r\n"),
];

const FRAMINGS: [&str; 3] = ["with a length", "in chunks", "a byte at a time"];

fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Encodes the body with one chunk per byte.
fn in_chunks(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}transfer-encoding: chunked\r\n\r\n");
    let chunks = body.iter().flat_map(|byte| [b"1\r\n", &[*byte][..], b"\r\n"].concat());
    head.into_bytes().into_iter().chain(chunks).chain(*b"0\r\n\r\n").collect()
}

pub(crate) async fn headers_and_body_are_returned_unchanged(harness: &Harness<'_>) -> Outcome {
    // C-14
    let server = harness.serve(|connection, number| {
        let Some((headers, body)) = HEADERS_AND_BODIES.get(number / FRAMINGS.len()) else {
            return close_connection();
        };
        // F24: over TLS, each piece is a separate record.
        let (framed, size) = match number % FRAMINGS.len() {
            0 => (with_length(headers, body), usize::MAX),
            1 => (in_chunks(headers, body), 6),
            _ => (with_length(headers, body), 1),
        };
        framed.chunks(size).try_for_each(|piece| connection.send(piece))
    })?;
    for (headers, body) in HEADERS_AND_BODIES {
        for framing in FRAMINGS {
            let response =
                harness.response(post(&server)).await.map_err(|error| format!("{framing}: {error}"))?;
            ensure_body(&response, body).map_err(|error| format!("{framing}: {error}"))?;
            ensure_headers(&response, headers)?;
        }
    }
    Ok(())
}

fn ensure_headers(response: &Response<Bytes>, headers: &str) -> Outcome {
    let sent: Vec<_> = headers.lines().filter_map(|line| line.split_once(':')).collect();
    for (name, _) in &sent {
        let values = sent.iter().filter(|(other, _)| other == name).map(|(_, value)| value.trim().as_bytes());
        let is_same = response.headers().get_all(*name).iter().map(HeaderValue::as_bytes).eq(values);
        ensure(is_same, || format!("the header {name} of the response has changed"))?;
    }
    Ok(())
}
