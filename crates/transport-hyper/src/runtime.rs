//! What a runtime lacks.

use std::{
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Runs what needs a timer or a socket of tokio's.
///
/// Tokio cannot be asked whether a runtime has them, or a thread left for what blocks. It panics, and it does so before
/// anything is sent.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What has panicked is dropped, so nobody sees it half done.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Panicked)
}

/// The same for a future, at each of its polls.
pub(crate) async fn caught_async<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| match caught(|| future.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// The panic itself was printed, or whatever else the program does with panics.
#[derive(Debug)]
pub(crate) struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting panicked: the tokio runtime may lack I/O, time or threads")
    }
}

impl std::error::Error for Panicked {}
