//! HTTP/2: its limits, and what its errors prove.

use std::{
    error::Error as StdError,
    future::{Future, poll_fn},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use h2::Reason;
use hyper::rt::Executor;
use hyper_util::{client::legacy, rt::TokioTimer};
use openrouter_oauth_transport::ErrorKind;

use crate::builder::HEAD_BYTES;

/// What may come on one stream before it is read, and what may be sent before it is on its way.
const STREAM_BYTES: u32 = 64 * 1024;

/// The same for all streams of a connection.
const CONNECTION_BYTES: u32 = 1024 * 1024;

/// How many streams are opened before the server has said how many it takes.
const FIRST_STREAMS: usize = 10;

/// How many streams that were given up are remembered, so that what still comes on them is let pass.
const GIVEN_UP: usize = 10;

/// How often a server may break a rule on a stream before the connection ends.
const MISTAKES: usize = 10;

/// After how long without a sign of life the server is asked for one (PING), and how long it has to answer. Else a
/// server that does not read would keep a connection open that nobody uses any more.
const SILENCE: Duration = Duration::from_secs(5);

/// A client that speaks HTTP/2 where it is agreed on.
pub(crate) fn client() -> legacy::Builder {
    let mut client = legacy::Client::builder(OneAtATime::default());
    client
        .http2_max_header_list_size(HEAD_BYTES)
        .http2_initial_stream_window_size(STREAM_BYTES)
        .http2_initial_connection_window_size(CONNECTION_BYTES)
        .http2_max_send_buf_size(STREAM_BYTES as usize)
        .http2_initial_max_send_streams(FIRST_STREAMS)
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(SILENCE)
        .http2_keep_alive_while_idle(true)
        // The server opens none.
        .http2_max_concurrent_streams(0)
        .http2_max_concurrent_reset_streams(GIVEN_UP)
        .http2_max_local_error_reset_streams(MISTAKES);
    client
}

/// Whether the server says that it has not looked at the request (RFC 9113, section 8.7): it refused the stream, or
/// is going away and did not come to it.
///
/// The error that h2 gives a stream for `GOAWAY` is for those that the server left out; the others go on, and end
/// with an I/O error if the connection does. [`OneAtATime`] closes the one gap.
pub(crate) fn is_unprocessed(error: &hyper::Error) -> bool {
    cause(error).is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

/// What an error is, if it is about HTTP/2.
pub(crate) fn kind(error: &hyper::Error) -> Option<ErrorKind> {
    let error = cause(error)?;
    // What h2 ends itself breaks a rule of HTTP/2, or one of the limits above: it does not say which.
    Some(if error.is_library() { ErrorKind::Protocol } else { ErrorKind::Io })
}

fn cause(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

/// Runs hyper's tasks on tokio, one at a time.
///
/// The task that opens a stream then asks h2 whether the connection is still good. Were the task that reads to take
/// in a `GOAWAY` just in between, the stream would get an error as if it had been left out, although it may be on its
/// way and the server may answer it.
#[derive(Clone, Default)]
struct OneAtATime(Arc<Mutex<()>>);

impl<F> Executor<F> for OneAtATime
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        let turn = Arc::clone(&self.0);
        let mut task = Box::pin(task);
        tokio::spawn(poll_fn(move |context| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            task.as_mut().poll(context)
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn tasks_take_turns() {
        let (executor, busy) = (OneAtATime::default(), Arc::new(AtomicBool::new(false)));
        let (done, mut all) = tokio::sync::mpsc::channel::<()>(1);
        for _ in 0..8 {
            let (busy, done) = (Arc::clone(&busy), done.clone());
            executor.execute(async move {
                for _ in 0..100 {
                    assert!(!busy.swap(true, Ordering::SeqCst));
                    thread::yield_now();
                    busy.store(false, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
                done.send(()).await.unwrap();
            });
        }
        drop(done);
        for _ in 0..8 {
            all.recv().await.unwrap();
        }
    }
}
