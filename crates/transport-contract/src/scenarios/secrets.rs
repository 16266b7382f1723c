//! Scenarios: errors do not show headers or bodies.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};

use openrouter_oauth_transport::Error;

use crate::{
    harness::{Harness, Outcome, ensure, error_chain, limits},
    scripted_connection::close_connection,
};

const SENT_HEADER: &str = "canary-sent-header";
const SENT_BODY: &str = "canary-sent-body";
const RECEIVED_HEADER: &str = "canary-received-header";
const RECEIVED_BODY: &str = "canary-received-body";

/// The maximum size of a body, and the `Content-Length` of the truncated one.
const BODY_LIMIT: usize = 24;

/// The faults, and the response that causes each. The server closes the connection after each response.
const FAULTS: [(&str, &str); 8] = [
    ("no response", ""),
    (
        "a truncated body",
        "HTTP/1.1 200 OK\r\nx: canary-received-header\r\ncontent-length: 24\r\n\r\ncanary-received-body",
    ),
    (
        "a body too large",
        // Truncated too: a client could reuse the connection after a complete response, and miss the next fault.
        "HTTP/1.1 200 OK\r\nx: canary-received-header\r\ncontent-length: 99\r\n\r\ncanary-received-body canary-received-body",
    ),
    ("not HTTP", "canary-received-header\r\n\r\ncanary-received-body"),
    ("a bad status", "HTTP/1.1 2x0 canary-received-header\r\n\r\n"),
    ("a bad header", "HTTP/1.1 200 OK\r\ncanary-received-header\x01: canary-received-header\r\n\r\n"),
    ("a bad length", "HTTP/1.1 200 OK\r\ncontent-length: canary-received-header\r\n\r\ncanary-received-body"),
    ("a bad chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ncanary-received-body\r\n\r\n"),
];

pub(crate) async fn errors_show_no_header_and_no_body(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|connection, number| match FAULTS.get(number) {
        Some((_, response)) => {
            connection.send(response.as_bytes())?;
            close_connection()
        }
        None => connection.wait_for_close(),
    })?;
    for (fault, _) in FAULTS {
        let sent = harness.send(request(server.url("/"))?, limits().response_bytes(BODY_LIMIT)).await?;
        let error = sent.err().ok_or_else(|| format!("{fault}: `send` returned a response, not an error"))?;
        ensure_secrets_hidden(fault, &error)?;
    }
    let soon = limits().timeout(Some(Duration::from_millis(100)));
    ensure_secrets_hidden("a timeout", &harness.error(request(server.url("/"))?, soon).await?)?;

    let (url, _port) = harness.closed_port()?;
    ensure_secrets_hidden("a refused connection", &harness.error(request(url)?, limits()).await?)?;

    let shown = format!("{:?} {0:#?}", harness.transport);
    ensure(!shows_a_canary(&shown), || format!("the `Debug` output shows a header or a body: {shown}"))
}

fn request(url: String) -> Result<Request<Bytes>, http::Error> {
    let mut request = Request::post(url).body(SENT_BODY.into())?;
    request.headers_mut().insert("x-secret", HeaderValue::from_static(SENT_HEADER));
    request.headers_mut().insert("authorization", HeaderValue::from_static(SENT_HEADER));
    Ok(request)
}

fn ensure_secrets_hidden(fault: &str, error: &Error) -> Outcome {
    let shown = format!("{error} {error:?} {error:#?} {}", error_chain(error));
    ensure(!shows_a_canary(&shown), || format!("{fault}: the error shows a header or a body: {error:?}"))
}

/// Searches for the canaries as text and as the list of numbers that `Debug` prints for bytes.
fn shows_a_canary(shown: &str) -> bool {
    // `{:#?}` prints each number on its own line, indented.
    let shown = shown.to_ascii_lowercase().replace(char::is_whitespace, "");
    [SENT_HEADER, SENT_BODY, RECEIVED_HEADER, RECEIVED_BODY].into_iter().any(|canary| {
        let numbers: Vec<String> = canary.bytes().map(|byte| byte.to_string()).collect();
        shown.contains(canary) || shown.contains(&numbers.join(","))
    })
}
