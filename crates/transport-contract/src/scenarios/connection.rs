//! Scenarios: a finished, failed, or dropped request does not affect the next one.

use std::{thread, time::Duration};

use http::Request;

use openrouter_oauth_transport::Limits;

use crate::{
    harness::{Harness, Outcome, REQUEST_TIMEOUT, ensure, ensure_body, ensure_requests, limits, post},
    scripted_connection::close_connection,
    server::SCENARIO_TIMEOUT,
    wait::{all, first, sleep, within},
};

pub(crate) async fn dropped_request_closes_its_connection(harness: &Harness<'_>) -> Outcome {
    // C-28
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlate"] {
        let server = harness.serve(move |connection, number| {
            if number > 0 {
                return connection.respond("next");
            }
            connection.send(start.as_bytes())?;
            connection.wait_for_close()
        })?;
        let sent = async {
            let ended = harness.transport.send(post(&server), Limits::default().timeout(None)).await;
            ensure(ended.is_err(), || "`send` returned a truncated response".into()).map(|()| First::End)
        };
        let dropped = async {
            server.wait_for_requests(|requests| !requests.is_empty()).await?;
            // Give the transport time to read the part of the response that has arrived.
            sleep(Duration::from_millis(20)).await;
            Ok(First::Request)
        };
        let first_seen = within(REQUEST_TIMEOUT, first(dropped, sent))
            .await
            .map_err(|error| format!("no request arrived: {error}"))??;
        if matches!(first_seen, First::End) {
            // The future of a blocking transport cannot be dropped while it runs, so the server ended the request.
            continue;
        }
        let closed = within(SCENARIO_TIMEOUT, server.log().until(|log| log.closed > 0)).await;
        ensure(closed.is_ok(), || format!("the connection was still open after {SCENARIO_TIMEOUT:?}"))?;
        ensure_body(&harness.response(post(&server)).await?, "next")?;
        ensure_requests(&server, 2)?;
    }
    Ok(())
}

/// What happened first: the request arrived (the future is then dropped), or the future completed.
enum First {
    Request,
    End,
}

pub(crate) async fn next_request_succeeds_after_each_failure(harness: &Harness<'_>) -> Outcome {
    const FAILURES: [&[u8]; 5] = [
        b"",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n",
    ];
    let server = harness.serve(|connection, number| {
        if number % 2 == 1 {
            return connection.respond("fine");
        }
        connection.send(FAILURES.get(number / 2).unwrap_or(&FAILURES[0]))?;
        close_connection()
    })?;
    for number in 1..=FAILURES.len() {
        harness.error(post(&server), limits()).await?;
        ensure_body(&harness.response(post(&server)).await?, "fine")?;
        ensure_requests(&server, 2 * number)?;
    }
    Ok(())
}

pub(crate) async fn response_goes_to_its_own_request(harness: &Harness<'_>) -> Outcome {
    const DELAY: Duration = Duration::from_millis(400);
    const TWO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown\
        HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nextra";
    const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown and more";
    let server = harness.serve(|connection, number| match connection.received(number).target() {
        "/late" => {
            thread::sleep(DELAY);
            connection.respond("late")
        }
        "/two" => connection.send(TWO),
        "/short" => connection.send(SHORT),
        _ => connection.respond("own"),
    })?;
    let request = |path| Request::post(server.url(path)).body("{}".into());
    harness.error(request("/late")?, limits().timeout(Some(DELAY / 4))).await?;
    for path in ["/two", "/own", "/short", "/own"] {
        ensure_body(&harness.response(request(path)?).await?, "own")?;
    }
    sleep(DELAY).await;
    ensure_body(&harness.response(request("/own")?).await?, "own")?;
    let own = server.requests().iter().filter(|received| received.target() == "/own").count();
    ensure(own == 3, || format!("{own} of 3 requests arrived"))
}

pub(crate) async fn concurrent_requests_get_their_own_responses(harness: &Harness<'_>) -> Outcome {
    const MANY: usize = 32;
    const TURNS: usize = 3;
    let server = harness.serve(|connection, number| {
        let received = connection.received(number);
        connection.respond(received.target())
    })?;
    let sent = (0..MANY).map(|number| {
        let server = &server;
        async move {
            // Send these one after another, so that the transport reuses connections while others are in use.
            for turn in 0..TURNS {
                let path = format!("/{number}/{turn}");
                let response = harness.response(Request::get(server.url(&path)).body("".into())?).await?;
                ensure_body(&response, path)?;
            }
            Ok(())
        }
    });
    all(sent).await.into_iter().collect::<Outcome>()?;
    ensure_requests(&server, MANY * TURNS)
}
