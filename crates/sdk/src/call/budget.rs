//! The retry budget that all calls of a client share.

use std::sync::atomic::{AtomicU32, Ordering};

/// A token bucket that keeps retries from making an outage worse: retries take tokens, and successes put some back.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: AtomicU32,
}

const FULL: u32 = 500;
const PRICE: u32 = 5;

impl Budget {
    pub(crate) const fn new() -> Self {
        Self { tokens: AtomicU32::new(FULL) }
    }

    /// Takes the price of one retry. Returns false if there are too few tokens.
    pub(crate) fn take(&self) -> bool {
        let take = |tokens: u32| tokens.checked_sub(PRICE);
        self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Puts tokens back after a call that succeeded after this many attempts: the price of its last retry, or one token
    /// if it had none.
    pub(crate) fn earn(&self, attempts: u32) {
        let earned = if attempts > 1 { PRICE } else { 1 };
        // The bucket is full most of the time. A load is then cheaper than an update.
        if self.tokens.load(Ordering::Relaxed) < FULL {
            let give = |tokens: u32| Some((tokens + earned).min(FULL));
            let _ = self.tokens.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_runs_out_and_refills() {
        let budget = Budget::new();
        let granted = (0..1_000).filter(|_| budget.take()).count();
        assert_eq!(granted, 100);
        for _ in 0..PRICE {
            assert!(!budget.take());
            budget.earn(1);
        }
        assert!(budget.take());
        budget.earn(2);
        assert!(budget.take());
        (0..10_000).for_each(|_| budget.earn(3));
        assert_eq!((0..1_000).filter(|_| budget.take()).count(), 100);
    }
}
