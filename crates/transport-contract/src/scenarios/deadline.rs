//! Scenarios: `Limits::timeout` covers everything from the call to the last byte.

use std::{
    future::{Future as _, poll_fn},
    io::{self, Read as _},
    net::{TcpListener, TcpStream},
    pin::pin,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Request;

use openrouter_oauth_transport::{BoxError, Error, ErrorKind, Limits};

use crate::{
    harness::{
        Harness, Outcome, REQUEST_TIMEOUT, ensure, ensure_body, ensure_sent, error_chain, limits, post,
        post_of,
    },
    scenarios::once::LARGE,
    scripted_connection::close_connection,
    server::{RunScript, SCENARIO_TIMEOUT, ScriptedServer},
    wait::within,
};

/// The timeout of most requests.
const TIMEOUT: Duration = Duration::from_millis(250);

/// A timeout that is longer than [`TOLERANCE`], so that a transport that applies it twice is too late.
const LONG_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the server stalls under [`LONG_TIMEOUT`] before it reads the request.
const STALL: Duration = Duration::from_millis(2_600);

/// How late the response is to a request that may block.
const RESPONSE_DELAY: Duration = Duration::from_millis(600);

/// How often to send that request. A future that blocks does so in at least two.
const BLOCKING_RUNS: usize = 3;

/// The delay that a busy machine may add. It is shorter than [`SCENARIO_TIMEOUT`], so a transport that waits for the
/// server fails.
const TOLERANCE: Duration = Duration::from_secs(2);

/// The timeout of each connection that fills the listener's queue, and a limit above the length of any queue.
const FILL_TIMEOUT: Duration = Duration::from_millis(200);
const QUEUE_LIMIT: usize = 5_000;

pub(crate) async fn deadline_covers_connecting(harness: &Harness<'_>) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut queue = Vec::new();
    while let Ok(waiting) = TcpStream::connect_timeout(&address, FILL_TIMEOUT) {
        queue.push(waiting);
        if queue.len() > QUEUE_LIMIT {
            // On this system, a full queue does not make clients wait.
            return Ok(());
        }
    }
    let (over, is_over) = mpsc::channel::<()>();
    thread::spawn(move || {
        // This also unblocks a transport that enforces no deadline: the system refuses its connection.
        let _over = is_over.recv_timeout(SCENARIO_TIMEOUT);
        drop((listener, queue));
    });
    let url = format!("{}:{}/", harness.scheme.origin(), address.port());
    let ended = ends_in_time(harness, Request::post(url).body("{}".into())?, TIMEOUT).await;
    drop(over);
    ended.map(drop)
}

pub(crate) async fn deadline_covers_a_silent_server(harness: &Harness<'_>) -> Outcome {
    let server = ScriptedServer::silent(harness.scheme)?;
    ends_in_time(harness, post(&server), TIMEOUT).await.map(drop)
}

pub(crate) async fn deadline_covers_waiting_for_the_response(harness: &Harness<'_>) -> Outcome {
    let server = harness.serve(|connection, _| connection.wait_for_close())?;
    let error = ends_in_time(harness, post(&server), TIMEOUT).await?;
    ensure_one_at_most(&server, &error)?;
    // F12: this server does not even read the request.
    let server = harness.serve_after(RunScript::AfterHead, |_, _| {
        thread::sleep(TIMEOUT + TOLERANCE * 2);
        close_connection()
    })?;
    let error = ends_in_time(harness, post_of(&server, vec![b'x'; LARGE]), TIMEOUT).await?;
    ensure_one_at_most(&server, &error)
}

pub(crate) async fn deadline_covers_all_steps_together(harness: &Harness<'_>) -> Outcome {
    // C-12: a timeout for each step would pass neither while the request is written nor until the body is read.
    let server = harness.serve_after(RunScript::OnConnect, |connection, _| {
        thread::sleep(STALL);
        connection.read_head()?;
        io::copy(&mut connection.by_ref().take(LARGE as u64), &mut io::sink())?;
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")?;
        connection.wait_for_close()
    })?;
    let error = ends_in_time(harness, post_of(&server, vec![b'x'; LARGE]), LONG_TIMEOUT).await?;
    ensure_one_at_most(&server, &error)
}

pub(crate) async fn deadline_covers_a_trickling_response(harness: &Harness<'_>) -> Outcome {
    // F23, F26: the deadline also ends an endless stream of 1xx responses.
    for (start, piece) in [
        ("HTTP/1.1 200 OK\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", "x"),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ] {
        let server = harness.serve(move |connection, _| {
            connection.send(start.as_bytes())?;
            // A timeout for each read would never pass here.
            let end = Instant::now() + TIMEOUT + TOLERANCE * 2;
            while Instant::now() < end {
                connection.send(piece.as_bytes())?;
                thread::sleep(TIMEOUT / 10);
            }
            Ok(())
        })?;
        let error = ends_in_time(harness, post(&server), TIMEOUT).await?;
        ensure_one_at_most(&server, &error)?;
    }
    Ok(())
}

pub(crate) async fn future_that_blocks_completes_at_once(harness: &Harness<'_>) -> Outcome {
    // C-12
    let server = harness.serve(|connection, _| {
        thread::sleep(RESPONSE_DELAY);
        connection.respond("late")
    })?;
    // A slow setup, such as that of TLS, is not a wait for the response.
    ensure_body(&within(REQUEST_TIMEOUT, harness.transport.send(post(&server), limits())).await??, "late")?;
    // A busy machine may suspend any thread for so long, but hardly the same one repeatedly.
    let mut times_blocked = 0;
    for _ in 0..BLOCKING_RUNS {
        times_blocked += u8::from(blocks(harness, post(&server)).await?);
    }
    ensure(times_blocked < 2, || {
        "the future blocked the thread and did not complete: nothing can enforce a deadline between its polls"
            .into()
    })
}

/// Returns whether a future blocks until the late response, but does not complete then.
async fn blocks(harness: &Harness<'_>, request: Request<Bytes>) -> Result<bool, BoxError> {
    // The call to `send` counts toward the first poll.
    let mut called = Some(Instant::now());
    let mut sent = pin!(harness.transport.send(request, limits()));
    let mut blocked = false;
    let response = within(
        REQUEST_TIMEOUT,
        poll_fn(|context| {
            let start = called.take().unwrap_or_else(Instant::now);
            let polled = sent.as_mut().poll(context);
            // A future that waits for a waker returns long before the response.
            blocked |= polled.is_pending() && start.elapsed() >= RESPONSE_DELAY;
            polled
        }),
    );
    ensure_body(&response.await??, "late")?;
    Ok(blocked)
}

/// Checks that at most one request arrived (none if the deadline passed while connecting), and that the error does not
/// claim that an arrived request was not sent.
fn ensure_one_at_most(server: &ScriptedServer, error: &Error) -> Outcome {
    let arrived = server.requests().len();
    ensure(arrived <= 1, || format!("{arrived} requests arrived, but one was sent"))?;
    if arrived == 0 { Ok(()) } else { ensure_sent(error) }
}

/// Checks that a request with this timeout ends with it. Returns its error.
async fn ends_in_time(
    harness: &Harness<'_>,
    request: Request<Bytes>,
    timeout: Duration,
) -> Result<Error, BoxError> {
    // C-12
    let limits = Limits::default().timeout(Some(timeout));
    let start = Instant::now();
    // Stop waiting as soon as the transport is certain to fail.
    let sent = within(timeout + TOLERANCE, harness.error(request, limits)).await;
    let took = start.elapsed();
    ensure(took < timeout + TOLERANCE, || format!("`send` took {took:?} with a timeout of {timeout:?}"))?;
    let error = sent.map_err(|error| format!("`send` did not finish: {error}"))??;
    ensure(error.kind() == ErrorKind::Timeout, || {
        format!("the error is not `Timeout` but {}", error_chain(&error))
    })?;
    // A request that was not sent may end earlier.
    ensure(took >= timeout.mul_f32(0.9) || !error.may_have_been_sent(), || {
        format!("`send` took only {took:?} with a timeout of {timeout:?}")
    })?;
    Ok(error)
}
