//! What is tried again, and when.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use crate::entropy::{Entropy, random_fraction};

/// How often and how soon a call is tried again.
///
/// What surely was not processed (no connection, handed back unwritten) is tried again for every operation. Reads and the
/// token exchange ([`Resend::Always`]) are also tried again after a broken connection, after an attempt that took too
/// long, and after the [statuses](Self::retry_statuses) of an outage. An operation that makes something
/// ([`Resend::IfUnsent`]) is tried again for nothing else, unless a method that names the danger was called.
///
/// The wait before try *n* is random between zero and `initial` times `exponent` to the power of *n* - 2, at most
/// `maximum` (full jitter); a `Retry-After` of the server is kept, up to ten minutes. No wait goes past the call's
/// deadline. All calls of a client share a budget: each repeated try takes 5 of 500 tokens, each success puts some
/// back, and without tokens there is no further try.
///
/// [`Resend::Always`]: crate::models::Resend::Always
/// [`Resend::IfUnsent`]: crate::models::Resend::IfUnsent
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    multiplier: f64,
    max_elapsed: Option<Duration>,
    connection_errors: bool,
    statuses: Option<Arc<[u16]>>,
    resend_unknown: bool,
}

impl Retry {
    /// One try.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// At most this many tries in all; 0 is taken as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest wait before the second try.
    #[must_use]
    pub fn initial_backoff(mut self, initial: Duration) -> Self {
        self.initial_backoff = initial;
        self
    }

    /// The longest wait before any try that the server does not ask for.
    #[must_use]
    pub fn max_backoff(mut self, maximum: Duration) -> Self {
        self.max_backoff = maximum;
        self
    }

    /// By what the longest wait grows from try to try; what is not at least 1 is taken as 1.
    #[must_use]
    pub fn multiplier(mut self, exponent: f64) -> Self {
        self.multiplier = if exponent >= 1.0 { exponent } else { 1.0 };
        self
    }

    /// No try begins later than this after the call began. The call's deadline holds beside it.
    #[must_use]
    pub fn max_elapsed(mut self, total: Duration) -> Self {
        self.max_elapsed = Some(total);
        self
    }

    /// Whether connections that could not be made, or that broke, are tried again. They are by default.
    #[must_use]
    pub fn retry_connection_errors(mut self, retry: bool) -> Self {
        self.connection_errors = retry;
        self
    }

    /// The statuses after which reads are tried again, in place of 408, 421, 425, 429 and all of 5XX. Below 400 none counts:
    /// a success ends a call.
    #[must_use]
    pub fn retry_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.statuses = Some(statuses.into_iter().collect());
        self
    }

    /// Tries operations that make something again as if they were reads, as the Go SDK does.
    ///
    /// **The danger:** what arrived and was answered too late, with 5XX, or not at all, is made twice, or the key of the
    /// first request is lost for good because its code is used up.
    #[must_use]
    pub fn dangerously_resend_unknown(mut self) -> Self {
        self.resend_unknown = true;
        self
    }

    pub(crate) fn allows(&self, attempts: u32, elapsed: Option<Duration>) -> bool {
        let in_time = match (self.max_elapsed, elapsed) {
            (Some(total), Some(elapsed)) => elapsed < total,
            _ => true,
        };
        attempts < self.max_attempts && in_time
    }

    pub(crate) fn allows_connection_errors(&self) -> bool {
        self.connection_errors
    }

    /// Whether a status may pass: the same read may succeed later.
    pub(crate) fn allows_status(&self, status: StatusCode) -> bool {
        match &self.statuses {
            Some(statuses) => status.as_u16() >= 400 && statuses.contains(&status.as_u16()),
            None => matches!(status.as_u16(), 408 | 421 | 425 | 429 | 500..),
        }
    }

    pub(crate) fn resends_unknown(&self) -> bool {
        self.resend_unknown
    }

    /// How long to wait after this many tries.
    pub(crate) fn wait_after(&self, attempts: u32, entropy: &dyn Entropy) -> Duration {
        if self.initial_backoff.is_zero() {
            return Duration::ZERO;
        }
        let power = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.initial_backoff.as_secs_f64() * self.multiplier.powi(power);
        let longest = longest.min(self.max_backoff.as_secs_f64());
        Duration::try_from_secs_f64(longest * random_fraction(entropy)).unwrap_or(self.max_backoff)
    }
}

/// Three tries, the first wait at most 250 ms, doubling, any at most 5 s.
impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(5),
            multiplier: 2.0,
            max_elapsed: None,
            connection_errors: true,
            statuses: None,
            resend_unknown: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn waits_grow_and_stay_below_the_maximum() {
        let retry = Retry::default();
        for attempts in [1, 2, 3, 10, 1_000, u32::MAX] {
            let doubled = 2_u32.saturating_pow(attempts - 1);
            let longest = Duration::from_millis(250).saturating_mul(doubled).min(Duration::from_secs(5));
            for _ in 0..100 {
                assert!(retry.wait_after(attempts, &OsEntropy) <= longest, "{attempts}");
            }
        }
    }

    #[test]
    fn odd_settings_do_no_harm() {
        for exponent in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308] {
            for maximum in [Duration::ZERO, Duration::MAX] {
                let retry =
                    Retry::default().multiplier(exponent).initial_backoff(Duration::MAX).max_backoff(maximum);
                assert!(retry.wait_after(9, &OsEntropy) <= maximum, "{exponent}");
            }
        }
    }
}
