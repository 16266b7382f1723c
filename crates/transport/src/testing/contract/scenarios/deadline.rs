//! `Limits::timeout` holds from the call to the last byte.

use std::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Request;

use crate::{
    ErrorKind, Limits,
    testing::contract::{
        peer::close,
        scenarios::once::LARGE,
        server::{PATIENCE, Read, Server},
        stage::{Outcome, Stage, chain, ensure, post, post_of},
        wait::within,
    },
};

const SOON: Duration = Duration::from_millis(250);

/// What a busy machine may add. It is shorter than the patience of a peer, so that who waits for the peer is seen.
const LATE: Duration = Duration::from_secs(2);

/// How long a listener is filled, and how many connections it may take: more than any queue has places.
const FILLING: Duration = Duration::from_millis(200);
const QUEUE: usize = 5_000;

pub(crate) async fn the_deadline_holds_while_connecting(stage: &Stage<'_>) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut queue = Vec::new();
    while let Ok(waiting) = TcpStream::connect_timeout(&address, FILLING) {
        queue.push(waiting);
        if queue.len() > QUEUE {
            // This system lets everyone in.
            return Ok(());
        }
    }
    let (over, is_over) = mpsc::channel::<()>();
    thread::spawn(move || {
        // Who has no deadline is let go, too: what waits is refused.
        let _over = is_over.recv_timeout(PATIENCE);
        drop((listener, queue));
    });
    let url = format!("{}:{}/", stage.site.origin(), address.port());
    let ended = ends_in_time(stage, Request::post(url).body("{}".into())?).await;
    drop(over);
    ended
}

pub(crate) async fn the_deadline_holds_before_the_server_says_anything(stage: &Stage<'_>) -> Outcome {
    let server = Server::silent(stage.site)?;
    ends_in_time(stage, post(&server)).await
}

pub(crate) async fn the_deadline_holds_while_waiting_for_the_answer(stage: &Stage<'_>) -> Outcome {
    let server = stage.serve(|peer, _| peer.hold())?;
    ends_in_time(stage, post(&server)).await?;
    ensure_one_at_most(&server)?;
    // F12: a server that does not even read the request.
    let server = stage.serve_after(Read::Head, |_, _| {
        thread::sleep(SOON + LATE * 2);
        close()
    })?;
    ends_in_time(stage, post_of(&server, vec![b'x'; LARGE])).await?;
    ensure_one_at_most(&server)
}

pub(crate) async fn the_deadline_holds_while_an_answer_trickles(stage: &Stage<'_>) -> Outcome {
    // F23, F26: an endless stream of 1xx responses is no exception.
    for (start, piece) in [
        ("HTTP/1.1 200 OK\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", "x"),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ] {
        let server = stage.serve(move |peer, _| {
            peer.send(start.as_bytes())?;
            // A time limit for each read never ends this.
            let end = Instant::now() + SOON + LATE * 2;
            while Instant::now() < end {
                peer.send(piece.as_bytes())?;
                thread::sleep(SOON / 10);
            }
            Ok(())
        })?;
        ends_in_time(stage, post(&server)).await?;
        ensure_one_at_most(&server)?;
    }
    Ok(())
}

/// None, if making the connection has taken all the time.
fn ensure_one_at_most(server: &Server) -> Outcome {
    let came = server.requests().len();
    ensure(came <= 1, || format!("{came} requests came, not one"))
}

async fn ends_in_time(stage: &Stage<'_>, request: Request<Bytes>) -> Outcome {
    // C-12
    let limits = Limits::default().timeout(Some(SOON));
    let start = Instant::now();
    // No longer than the judgment takes.
    let sent = within(SOON + LATE, stage.error(request, limits)).await;
    let took = start.elapsed();
    ensure(took < SOON + LATE, || format!("with a timeout of {SOON:?} it took {took:?}"))?;
    let error = sent.ok_or("it did not end")??;
    ensure(error.kind() == ErrorKind::Timeout, || {
        format!("the error is not `Timeout` but {}", chain(&error))
    })?;
    ensure(took >= SOON.mul_f32(0.9), || format!("with a timeout of {SOON:?} it took {took:?} only"))
}
