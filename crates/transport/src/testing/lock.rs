//! A lock that outlives a failed test.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex` even if another test thread panicked while it held it: the data is plain.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
