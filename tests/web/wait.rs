//! Waiting for something that other tasks or programs do.

use std::time::{Duration, Instant};

/// How long a test waits on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits until `is_done` returns true.
pub(crate) async fn wait_until(what: &str, is_done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_done() {
        assert!(begin.elapsed() < TIMEOUT, "not done: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
