//! What is tried again, and when.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use crate::{Entropy, entropy::random_fraction};

/// How often and how soon a call is tried again.
///
/// What surely was not processed (no connection, handed back unwritten) is tried again for every operation. Reads and the
/// token exchange ([`Resend::Always`]) are also tried again after a broken connection, after an attempt that took too
/// long, and after the [statuses](Self::statuses) of an outage. An operation that makes something
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
    attempts: u32,
    initial: Duration,
    maximum: Duration,
    exponent: f64,
    total: Option<Duration>,
    connection_errors: bool,
    statuses: Option<Arc<[u16]>>,
    resend_unknown: bool,
}

impl Retry {
    /// One try.
    pub fn none() -> Self {
        Self::default().attempts(1)
    }

    /// At most this many tries in all; 0 is taken as 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest wait before the second try.
    #[must_use]
    pub fn initial(mut self, initial: Duration) -> Self {
        self.initial = initial;
        self
    }

    /// The longest wait before any try that the server does not ask for.
    #[must_use]
    pub fn maximum(mut self, maximum: Duration) -> Self {
        self.maximum = maximum;
        self
    }

    /// By what the longest wait grows from try to try; what is not at least 1 is taken as 1.
    #[must_use]
    pub fn exponent(mut self, exponent: f64) -> Self {
        self.exponent = if exponent >= 1.0 { exponent } else { 1.0 };
        self
    }

    /// No try begins later than this after the call began. The call's deadline holds beside it.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// Whether connections that could not be made, or that broke, are tried again. They are by default.
    #[must_use]
    pub fn connection_errors(mut self, retry: bool) -> Self {
        self.connection_errors = retry;
        self
    }

    /// The statuses after which reads are tried again, in place of 408, 421, 425, 429 and all of 5XX. Below 400 none counts:
    /// a success ends a call.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
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
        let in_time = match (self.total, elapsed) {
            (Some(total), Some(elapsed)) => elapsed < total,
            _ => true,
        };
        attempts < self.attempts && in_time
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
        if self.initial.is_zero() {
            return Duration::ZERO;
        }
        let power = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.initial.as_secs_f64() * self.exponent.powi(power);
        let longest = longest.min(self.maximum.as_secs_f64());
        Duration::try_from_secs_f64(longest * random_fraction(entropy)).unwrap_or(self.maximum)
    }
}

/// Three tries, the first wait at most 250 ms, doubling, any at most 5 s.
impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            initial: Duration::from_millis(250),
            maximum: Duration::from_secs(5),
            exponent: 2.0,
            total: None,
            connection_errors: true,
            statuses: None,
            resend_unknown: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsEntropy;

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
                let retry = Retry::default().exponent(exponent).initial(Duration::MAX).maximum(maximum);
                assert!(retry.wait_after(9, &OsEntropy) <= maximum, "{exponent}");
            }
        }
    }
}
