//! Scenarios: a transport returns a complete body or none.

use std::fmt::Write;

use http::StatusCode;

use openrouter_oauth_transport::{Error, ErrorKind};

use crate::{
    harness::{
        Harness, Outcome, ensure, ensure_body, ensure_kind, ensure_requests, error_chain, limits, post,
        post_of,
    },
    scripted_connection::close_connection,
    server::RunScript,
};

const WITH_LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"key\":\"12\"}";

const IN_CHUNKS: &[u8] =
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"key\r\n3\r\n\":1\r\n1\r\n}\r\n0\r\n\r\n";

/// More bytes than any response in this file has.
const LIMIT: usize = 1_000;

pub(crate) async fn truncated_response_is_an_error(harness: &Harness<'_>) -> Outcome {
    for response in [WITH_LENGTH, IN_CHUNKS] {
        let server = harness.serve(move |connection, number| {
            connection.send(response.get(..number).unwrap_or(response))?;
            close_connection()
        })?;
        for offset in 0..response.len() {
            let at = |error| format!("truncated after {offset} of {} bytes: {error}", response.len());
            let error = harness.error(post(&server), limits()).await.map_err(at)?;
            ensure_kind(&error, ErrorKind::Io).map_err(at)?;
            ensure_requests(&server, offset + 1).map_err(at)?;
        }
    }
    Ok(())
}

pub(crate) async fn chunk_extensions_and_trailers_are_ignored(harness: &Harness<'_>) -> Outcome {
    // RFC 9112, sections 7.1.1 and 7.1.2
    let server = harness.serve(|connection, _| {
        let extension = format!("proxy-signature=\"{}\"", "f".repeat(23));
        let chunks = [
            format!("b;{extension}\r\n{{\"key\":\"12\"\r\n"),
            format!("1;{extension}\r\n}}\r\n0;{extension}\r\nx-trailer: y\r\n\r\n"),
        ]
        .concat();
        connection.send(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").as_bytes())
    })?;
    ensure_body(&harness.response(post(&server)).await?, r#"{"key":"12"}"#)?;
    ensure_requests(&server, 1)
}

pub(crate) async fn reset_response_is_an_error(harness: &Harness<'_>) -> Outcome {
    for response in [WITH_LENGTH, IN_CHUNKS] {
        ensure_reset_is_an_error(harness, response).await?;
    }
    Ok(())
}

pub(crate) async fn reset_response_without_a_length_is_an_error(harness: &Harness<'_>) -> Outcome {
    // Only a close without a reset is the end of such a response.
    ensure_reset_is_an_error(harness, b"HTTP/1.1 200 OK\r\n\r\nto the end").await
}

/// Checks that it is an error if the connection is reset before the last byte of the response.
async fn ensure_reset_is_an_error(harness: &Harness<'_>, response: &'static [u8]) -> Outcome {
    // The unread part of the request turns the close into a reset.
    let server = harness.serve_after(RunScript::AfterHead, move |connection, _| {
        connection.send(response.get(..response.len() - 1).unwrap_or(response))?;
        close_connection()
    })?;
    let error = harness.error(post_of(&server, vec![b'x'; 8 * 1024 * 1024]), limits()).await?;
    ensure_kind(&error, ErrorKind::Io)?;
    ensure_requests(&server, 1)
}

pub(crate) async fn error_keeps_the_status_of_a_lost_body(harness: &Harness<'_>) -> Outcome {
    // F32. The rest of the response, the limit, and the kind of error.
    const REJECTIONS: [(&[u8], usize, ErrorKind); 4] = [
        (b"content-length: 99\r\n\r\n{\"error\":", LIMIT, ErrorKind::Io),
        (b"transfer-encoding: chunked\r\n\r\n5\r\n{\"err", LIMIT, ErrorKind::Io),
        (b"content-length: 9\r\n\r\nForbidden", 8, ErrorKind::TooLarge),
        (b"transfer-encoding: chunked\r\n\r\n9\r\nForbidden\r\n0\r\n\r\n", 8, ErrorKind::TooLarge),
    ];
    let server = harness.serve(|connection, number| {
        let Some((rest, _, kind)) = REJECTIONS.get(number) else {
            // The status of an interim response is not the final one.
            connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbid")?;
            return close_connection();
        };
        connection.send(&[b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbidden\r\n", *rest].concat())?;
        // Keep the connection open after a complete response, because the client may reuse it for the next request.
        if *kind == ErrorKind::Io { close_connection() } else { Ok(()) }
    })?;
    for (rest, most, kind) in REJECTIONS {
        let at = |error| format!("{:?}: {error}", String::from_utf8_lossy(rest));
        let error = harness.error(post(&server), limits().response_bytes(most)).await.map_err(at)?;
        ensure_kind(&error, kind).map_err(at)?;
        ensure_status(&error, Some(StatusCode::FORBIDDEN)).map_err(at)?;
    }
    let error = harness.error(post(&server), limits()).await?;
    ensure_status(&error, None)
}

fn ensure_status(error: &Error, status: Option<StatusCode>) -> Outcome {
    ensure(error.status() == status, || {
        format!("the error has status {:?} instead of {status:?}: {}", error.status(), error_chain(error))
    })
}

pub(crate) async fn body_without_a_length_ends_at_close(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|connection, _| {
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")?;
        close_connection()
    })?;
    if harness.scheme.detects_truncation() {
        // Without `close_notify`, the body counts as truncated (RFC 9112, section 9.8).
        let error = harness.error(post(&server), limits()).await?;
        ensure_kind(&error, ErrorKind::Io)
    } else {
        ensure_body(&harness.response(post(&server)).await?, "to the end")
    }
}

pub(crate) async fn body_can_fill_the_limit_exactly(harness: &Harness<'_>) -> Outcome {
    // C-13
    for most in [0, 1, 1_000, 65_536, 300_000] {
        let server = harness.serve(move |connection, number| {
            let body = "x".repeat(most + number / 2);
            let (head, body) = if number % 2 == 0 {
                (format!("content-length: {}", body.len()), body)
            } else {
                ("transfer-encoding: chunked".into(), chunks(&body))
            };
            connection.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}").as_bytes())
        })?;
        let limits = limits().response_bytes(most);
        for framing in ["with a length", "in chunks"] {
            let at = |error| format!("exactly {most} bytes, {framing}: {error}");
            let sent = harness.send(post(&server), limits).await?;
            let response = sent.map_err(|error| at(format!("{error:?}").into()))?;
            ensure_body(&response, "x".repeat(most)).map_err(at)?;
        }
        for framing in ["with a length", "in chunks"] {
            let at = |error| format!("one byte over {most}, {framing}: {error}");
            let error = harness.error(post(&server), limits).await.map_err(at)?;
            ensure_kind(&error, ErrorKind::TooLarge).map_err(at)?;
        }
        ensure_requests(&server, 4)?;
    }
    Ok(())
}

fn chunks(body: &str) -> String {
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(1_000) {
        let _infallible = write!(chunks, "{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
    }
    chunks + "0\r\n\r\n"
}

pub(crate) async fn endless_body_is_too_large(harness: &Harness<'_>) -> Outcome {
    for (head, more) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1_000)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            format!("3e8\r\n{}\r\n", "x".repeat(1_000)),
        ),
    ] {
        let server = harness.serve(move |connection, _| {
            connection.send(head.as_bytes())?;
            // More than any client buffers, but finite, in case a client buffers all of it.
            for _ in 0..10_000 {
                connection.send(more.as_bytes())?;
            }
            close_connection()
        })?;
        let error = harness.error(post(&server), limits().response_bytes(10_000)).await?;
        ensure_kind(&error, ErrorKind::TooLarge)?;
        ensure_requests(&server, 1)?;
    }
    Ok(())
}
