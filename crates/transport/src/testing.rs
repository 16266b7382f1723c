//! Fakes for tests: transports that respond from memory, and a clock that tests move.
//!
//! They panic where a test should fail, so they belong in tests only.
#![expect(clippy::panic, reason = "a failed expectation fails the test that holds it")]

mod capture;

mod manual_timer;

mod never;

mod replay;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::{
    capture::Capture,
    manual_timer::ManualTimer,
    never::Never,
    replay::{Exchange, Replay},
};

/// Locks `mutex` even if another test thread panicked while it held it: the data is plain.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
