//! What is tried again, and when.

use std::time::Duration;

use crate::{Entropy, entropy::random_fraction};

/// How often and how soon a call is tried again.
///
/// Whatever is set here, an operation that makes something ([`Resend::IfUnsent`]) is tried again only if it surely was
/// not processed, and no wait goes past the call's deadline. Reads are also tried again after a broken connection, 408,
/// 425, 429 and 5XX; a `Retry-After` of the server is kept.
///
/// The wait before try *n* is random between zero and `initial` times two to the power of *n* - 2, at most `maximum`
/// (full jitter).
///
/// [`Resend::IfUnsent`]: crate::models::Resend::IfUnsent
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    attempts: u32,
    initial: Duration,
    maximum: Duration,
}

impl Retry {
    /// One try.
    pub const fn none() -> Self {
        Self { attempts: 1, initial: Duration::ZERO, maximum: Duration::ZERO }
    }

    /// At most this many tries in all; 0 is taken as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The longest wait before the second try.
    #[must_use]
    pub const fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// The longest wait before any try that the server does not ask for.
    #[must_use]
    pub const fn maximum(mut self, maximum: Duration) -> Self {
        self.maximum = maximum;
        self
    }

    pub(crate) fn allows(&self, attempts: u32) -> bool {
        attempts < self.attempts
    }

    /// How long to wait after this many tries.
    pub(crate) fn wait_after(&self, attempts: u32, entropy: &dyn Entropy) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let longest = self.initial.saturating_mul(doubled).min(self.maximum);
        longest.mul_f64(random_fraction(entropy))
    }
}

/// Three tries, the first wait at most 250 ms, any at most 5 s.
impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, initial: Duration::from_millis(250), maximum: Duration::from_secs(5) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsEntropy;

    #[test]
    fn waits_grow_and_stay_below_the_maximum() {
        let retry = Retry::default();
        for attempts in [1, 2, 3, 10, u32::MAX] {
            let longest = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(attempts - 1));
            for _ in 0..100 {
                let wait = retry.wait_after(attempts, &OsEntropy);
                assert!(wait <= longest.min(Duration::from_secs(5)), "{attempts}: {wait:?}");
            }
        }
        assert_eq!(Retry::none().wait_after(1, &OsEntropy), Duration::ZERO);
    }
}
