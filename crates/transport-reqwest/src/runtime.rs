//! Protection from panics of tokio and reqwest.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use openrouter_oauth_transport::{Error, ErrorKind};
use tokio::runtime::Handle;

/// Returns an error if the current thread has no tokio runtime, without which reqwest panics.
pub(crate) fn check() -> Result<(), Error> {
    Handle::try_current().map(drop).map_err(Error::rejected)
}

/// Runs code of reqwest, and catches panics, which the program's panic hook has already reported.
///
/// reqwest panics if the runtime has no I/O or time. tokio has no API to check that first.
pub(crate) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Error> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // After a panic, the future is dropped and never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Error::new(ErrorKind::Other, PANICKED))),
        }
    })
    .await
}

const PANICKED: &str = "reqwest panicked; the tokio runtime may have no I/O or time enabled";
