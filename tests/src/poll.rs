//! Waiting for a state that nothing announces.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::Result;

/// How long to wait for a page, a program or a request on a busy machine.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls `find` until it returns something.
///
/// # Errors
///
/// Returns an error that contains `what` if it takes longer than [`WAIT_TIMEOUT`], and the errors of `find`.
pub async fn poll<T>(what: &str, mut find: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = find().await? {
            return Ok(found);
        }
        if started.elapsed() > WAIT_TIMEOUT {
            return Err(format!("waited too long for {what}").into());
        }
        sleep(Duration::from_millis(20)).await;
    }
}
