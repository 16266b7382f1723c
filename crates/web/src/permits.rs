//! A limit on concurrent calls.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts calls in flight, up to a limit.
pub(crate) struct Permits {
    used: Arc<AtomicUsize>,
    limit: usize,
}

/// The permit of one call. It is free again when this is dropped.
pub(crate) struct Permit(Arc<AtomicUsize>);

impl Permits {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: Arc::default(), limit }
    }

    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let next = |used| (used < self.limit).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(Permit(Arc::clone(&self.used)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
