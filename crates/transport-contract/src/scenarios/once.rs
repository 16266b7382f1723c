//! Scenarios: a request is sent at most once, and is never reported as not sent if it may have arrived.

use std::{
    io::Read,
    sync::{Arc, OnceLock},
};

use http::Request;

use openrouter_oauth_transport::ErrorKind;

use crate::{
    harness::{
        Harness, Outcome, REQUEST_TIMEOUT, SMALL_BODY, ensure, ensure_body, ensure_kind, ensure_requests,
        ensure_sent, error_chain, limits, post, post_of,
    },
    scripted_connection::close_connection,
    server::RunScript,
};

/// More than fits in the buffers of both sockets and the client.
pub(crate) const LARGE: usize = 8 * 1024 * 1024;

pub(crate) async fn request_is_sent_once_when_no_response_comes(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|_, _| close_connection())?;
    let error = harness.error(post(&server), limits()).await?;
    ensure_kind(&error, ErrorKind::Io)?;
    ensure_requests(&server, 1)
}

pub(crate) async fn request_is_sent_once_when_connection_is_reset(harness: &Harness<'_>) -> Outcome {
    // The unread bytes turn the close into a reset.
    let server = harness.serve_after(RunScript::AfterHead, |_, _| close_connection())?;
    let error = harness.error(post_of(&server, vec![b'x'; LARGE]), limits()).await?;
    ensure_kind(&error, ErrorKind::Io)?;
    ensure_requests(&server, 1)
}

pub(crate) async fn request_is_sent_once_when_kept_connection_breaks(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(
        |connection, number| if number == 0 { connection.respond("first") } else { close_connection() },
    )?;
    ensure_body(&harness.response(post(&server)).await?, "first")?;
    let error = harness.error(post(&server), limits()).await?;
    ensure_kind(&error, ErrorKind::Io)?;
    ensure_requests(&server, 2)
}

pub(crate) async fn request_is_sent_once_when_kept_connection_is_stale(harness: &Harness<'_>) -> Outcome {
    // The server closes the connection unannounced, just when the client may reuse it.
    let server = harness.serve(|connection, _| {
        connection.respond("whole")?;
        close_connection()
    })?;
    // In rare cases, hyper leaves a request in the queue of a connection that has just ended, where the request waits
    // until its deadline (https://github.com/hyperium/hyper/issues/4122).
    let limits = limits().timeout(Some(REQUEST_TIMEOUT / 4));
    let mut lost = 0;
    for _ in 0..100 {
        let before = server.requests().len();
        let sent = harness.send(post(&server), limits).await?;
        let arrived = server.requests().len() - before;
        match sent {
            Ok(response) => {
                ensure_body(&response, "whole")?;
                ensure(arrived == 1, || format!("{arrived} requests arrived for one response"))?;
            }
            Err(error) => {
                ensure(arrived <= 1, || format!("{arrived} requests arrived, but one was sent"))?;
                if arrived > 0 {
                    ensure_sent(&error)?;
                }
                let is_lost = error.kind() == ErrorKind::Timeout;
                if !is_lost {
                    ensure(error.kind() == ErrorKind::Io, || {
                        format!("the error is not `Io`: {}", error_chain(&error))
                    })?;
                }
                lost += usize::from(is_lost);
                ensure(lost <= 3, || format!("{lost} requests timed out on closed connections"))?;
            }
        }
    }
    Ok(())
}

pub(crate) async fn request_that_may_have_arrived_counts_as_sent(harness: &Harness<'_>) -> Outcome {
    const RESPONSES: [&[u8]; 4] = [b"", b"HTTP/1.1 2", b"this is not HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\n"];
    for (read, body) in [(RunScript::AfterRequest, 10), (RunScript::AfterHead, LARGE)] {
        let server = harness.serve_after(read, |connection, number| {
            connection.send(RESPONSES.get(number).unwrap_or(&RESPONSES[0]))?;
            close_connection()
        })?;
        for number in 1..=RESPONSES.len() {
            let error = harness.error(post_of(&server, vec![b'x'; body]), limits()).await?;
            ensure_requests(&server, number)?;
            ensure_sent(&error)?;
        }
    }
    Ok(())
}

pub(crate) async fn partly_read_request_counts_as_sent(harness: &Harness<'_>) -> Outcome {
    // F3, F10, F11. The server reads the whole first request to learn the length of the next ones.
    let length = Arc::new(OnceLock::new());
    let measured = Arc::clone(&length);
    let server = harness.serve_after(RunScript::OnConnect, move |connection, number| {
        let Some(&length) = measured.get() else {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(SMALL_BODY) {
                connection.read_exact(&mut byte)?;
                request.extend(byte);
            }
            let _first = measured.set(request.len());
            return connection.send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nread");
        };
        // Wait until bytes have arrived, without reading them.
        connection.tcp().peek(&mut [0])?;
        let count = [0, 1, length - 1].get(number - 1).copied().unwrap_or_default();
        connection.read_exact(&mut vec![0; count])?;
        close_connection()
    })?;
    ensure_body(&harness.response(post(&server)).await?, "read")?;
    for count in ["nothing", "one byte", "all but one byte"] {
        let at = |error| format!("the server read {count}: {error}");
        let error = harness.error(post(&server), limits()).await.map_err(at)?;
        ensure_kind(&error, ErrorKind::Io).map_err(at)?;
    }
    let connections = server.connections()?;
    ensure(connections == 4, || format!("the transport made {connections} connections for 4 requests"))
}

pub(crate) async fn refused_connection_sends_nothing(harness: &Harness<'_>) -> Outcome {
    let (url, _port) = harness.closed_port()?;
    let error = harness.error(Request::post(url).body("{}".into())?, limits()).await?;
    let is_unsent = error.kind() == ErrorKind::Connect && !error.may_have_been_sent();
    ensure(is_unsent, || format!("the error is not `Connect` and not sent: {}", error_chain(&error)))
}

pub(crate) async fn redirect_is_returned_and_not_followed(harness: &Harness<'_>) -> Outcome {
    // C-10
    const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
    let elsewhere = harness.serve(|connection, _| connection.respond("followed"))?;
    let host = format!("//{}/elsewhere", elsewhere.address());
    for target in [elsewhere.url("/elsewhere"), "/elsewhere".into(), host] {
        let location = target.clone();
        let server = harness.serve(move |connection, number| match STATUSES.get(number) {
            Some(status) => {
                let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\n");
                connection.send(format!("{head}content-length: 5\r\n\r\nmoved").as_bytes())
            }
            None => connection.respond("followed"),
        })?;
        for (number, status) in STATUSES.into_iter().enumerate() {
            let response = harness.response(post(&server)).await?;
            ensure_requests(&server, number + 1)?;
            let is_same = response.status() == status
                && response.headers().get("location").is_some_and(|location| location == target.as_str())
                && response.body() == "moved";
            ensure(is_same, || format!("{status} to {target} was not returned unchanged: {response:?}"))?;
        }
    }
    let connections = elsewhere.connections()?;
    ensure(connections == 0, || format!("the transport made {connections} connections to a redirect target"))
}
