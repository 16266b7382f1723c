//! Waits for what another process does.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Waits until `is_done` returns true.
pub(crate) fn wait_until(is_done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited for 60 seconds");
        thread::sleep(Duration::from_millis(10));
    }
}
