//! Protection from tokio's panics.

use std::{
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Runs code that needs tokio's timer or sockets, and catches panics.
///
/// Tokio panics if the runtime lacks them or has no thread for blocking calls, and has no API to check first. It panics
/// before anything is sent.
pub(crate) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // After a panic, the captured state is dropped and never used again.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Panicked)
}

/// Like [`catch_panic`], for each poll of a future.
pub(crate) async fn catch_panic_async<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_panic(|| future.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
}

/// The error for a caught panic. The program's panic hook has already reported the panic.
#[derive(Debug)]
pub(crate) struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting panicked; the tokio runtime may lack I/O, time, or threads")
    }
}

impl std::error::Error for Panicked {}
