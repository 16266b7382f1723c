//! What is left when a request is over: nothing that harms the next one.

use std::{thread, time::Duration};

use http::Request;

use crate::{
    Limits,
    testing::contract::{
        peer::close,
        server::PATIENCE,
        stage::{LONG, Outcome, Stage, ensure, ensure_body, ensure_requests, limits, post},
        wait::{all, first, sleep, within},
    },
};

pub(crate) async fn a_dropped_request_closes_its_connection(stage: &Stage<'_>) -> Outcome {
    // C-28
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlate"] {
        let server = stage.serve(move |peer, number| {
            if number > 0 {
                return peer.answer("next");
            }
            peer.send(start.as_bytes())?;
            peer.hold()
        })?;
        let sent = async {
            let ended = stage.transport.send(post(&server), Limits::default().timeout(None)).await;
            ensure(ended.is_err(), || "an answer came that was not whole".into()).map(|()| Seen::End)
        };
        let dropped = async {
            server.until(|requests| !requests.is_empty()).await;
            // Time to read what has come of the answer.
            sleep(Duration::from_millis(20)).await;
            Ok(Seen::Request)
        };
        let seen = within(LONG, first(dropped, sent)).await.ok_or("no request came")??;
        if matches!(seen, Seen::End) {
            // A transport that blocks cannot be dropped while it works: its peer had to end it.
            continue;
        }
        let closed = within(PATIENCE, server.log().until(|log| log.closed > 0)).await;
        ensure(closed.is_some(), || "the connection was still open when its peer lost patience".into())?;
        ensure_body(&stage.answer(post(&server)).await?, "next")?;
        ensure_requests(&server, 2)?;
    }
    Ok(())
}

/// What came first: the request to the peer, after which the future is dropped, or the end of the future.
enum Seen {
    Request,
    End,
}

pub(crate) async fn the_next_request_succeeds_after_every_failure(stage: &Stage<'_>) -> Outcome {
    const FAILURES: [&[u8]; 5] = [
        b"",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n",
    ];
    let server = stage.serve(|peer, number| {
        if number % 2 == 1 {
            return peer.answer("fine");
        }
        peer.send(FAILURES.get(number / 2).unwrap_or(&FAILURES[0]))?;
        close()
    })?;
    for number in 1..=FAILURES.len() {
        stage.error(post(&server), limits()).await?;
        ensure_body(&stage.answer(post(&server)).await?, "fine")?;
        ensure_requests(&server, 2 * number)?;
    }
    Ok(())
}

pub(crate) async fn no_answer_is_taken_for_that_of_another_request(stage: &Stage<'_>) -> Outcome {
    const LATE: Duration = Duration::from_millis(400);
    const TWO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown\
        HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nextra";
    const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown and more";
    let server = stage.serve(|peer, number| match peer.received(number).target() {
        "/late" => {
            thread::sleep(LATE);
            peer.answer("late")
        }
        "/two" => peer.send(TWO),
        "/short" => peer.send(SHORT),
        _ => peer.answer("own"),
    })?;
    let request = |path| Request::post(server.url(path)).body("{}".into());
    stage.error(request("/late")?, limits().timeout(Some(LATE / 4))).await?;
    for path in ["/two", "/own", "/short", "/own"] {
        ensure_body(&stage.answer(request(path)?).await?, "own")?;
    }
    sleep(LATE).await;
    ensure_body(&stage.answer(request("/own")?).await?, "own")?;
    let own = server.requests().iter().filter(|received| received.target() == "/own").count();
    ensure(own == 3, || format!("{own} requests came of 3"))
}

pub(crate) async fn many_at_once_get_their_own_answers(stage: &Stage<'_>) -> Outcome {
    const MANY: usize = 32;
    const TURNS: usize = 3;
    let server = stage.serve(|peer, number| {
        let received = peer.received(number);
        peer.answer(received.target())
    })?;
    let sent = (0..MANY).map(|number| {
        let server = &server;
        async move {
            // One after another, so that connections are used again while others are in use.
            for turn in 0..TURNS {
                let path = format!("/{number}/{turn}");
                let answer = stage.answer(Request::get(server.url(&path)).body("".into())?).await?;
                ensure_body(&answer, path)?;
            }
            Ok(())
        }
    });
    all(sent).await.into_iter().collect::<Outcome>()?;
    ensure_requests(&server, MANY * TURNS)
}
