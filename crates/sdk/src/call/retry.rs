//! Settings for retries.

use std::{sync::Arc, time::Duration};

use http::StatusCode;

use crate::entropy::{Entropy, random_fraction};

/// Settings for when and how often a call is retried.
///
/// Every operation is retried if the request was certainly not processed: there was no connection, or the transport
/// wrote none of the request to it. An operation that is not idempotent ([`Resend::IfUnsent`]) is retried in no other
/// case, unless you set [`dangerously_resend_unknown`](Self::dangerously_resend_unknown). Idempotent operations
/// ([`Resend::Always`]) are also retried after a broken connection, an attempt timeout, or one of [these
/// statuses](Self::retry_statuses).
///
/// The wait before attempt *n* is random (full jitter): from zero to `initial_backoff` times `multiplier` to the power
/// of *n* - 2, at most `max_backoff`. A `Retry-After` header replaces this wait, up to ten minutes. A call is not
/// retried if the wait would outlast its deadline.
///
/// All calls of a client share a budget of 500 tokens. Each retry takes 5 tokens, and each success puts some back. When
/// the tokens run out, there are no retries.
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
    /// Allows only one attempt, without retries.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of attempts per call. 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts.max(1);
        self
    }

    /// Sets the longest wait before the second attempt.
    #[must_use]
    pub fn initial_backoff(mut self, initial_backoff: Duration) -> Self {
        self.initial_backoff = initial_backoff;
        self
    }

    /// Sets the longest wait before any attempt. The server may ask for a longer one.
    #[must_use]
    pub fn max_backoff(mut self, max_backoff: Duration) -> Self {
        self.max_backoff = max_backoff;
        self
    }

    /// Sets the factor by which the longest wait grows with each attempt. Less than 1 counts as 1.
    #[must_use]
    pub fn multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = if multiplier >= 1.0 { multiplier } else { 1.0 };
        self
    }

    /// Allows no retry later than this after the start of the call. The call's deadline applies too.
    #[must_use]
    pub fn max_elapsed(mut self, max_elapsed: Duration) -> Self {
        self.max_elapsed = Some(max_elapsed);
        self
    }

    /// Sets whether a call is retried if the connection fails or breaks. The default is true.
    #[must_use]
    pub fn retry_connection_errors(mut self, retry: bool) -> Self {
        self.connection_errors = retry;
        self
    }

    /// Sets the statuses after which idempotent operations are retried. The default is 408, 421, 425, 429, and all of
    /// 5XX. Statuses below 400 are ignored.
    #[must_use]
    pub fn retry_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.statuses = Some(statuses.into_iter().collect());
        self
    }

    /// Retries operations that are not idempotent as if they were, as OpenRouter's Go SDK does.
    ///
    /// **The danger:** the service may process a request and then respond too late, with 5XX, or not at all. The retry
    /// then creates a second key, or is rejected because its code is used, and the first key is lost.
    #[must_use]
    pub fn dangerously_resend_unknown(mut self) -> Self {
        self.resend_unknown = true;
        self
    }

    pub(crate) fn without_resending_unknown(self) -> Self {
        Self { resend_unknown: false, ..self }
    }

    pub(crate) fn allows(&self, attempts: u32, elapsed: Duration) -> bool {
        attempts < self.max_attempts && self.max_elapsed.is_none_or(|max_elapsed| elapsed < max_elapsed)
    }

    pub(crate) fn allows_connection_errors(&self) -> bool {
        self.connection_errors
    }

    /// Returns whether the same request may succeed after this status.
    pub(crate) fn allows_status(&self, status: StatusCode) -> bool {
        match &self.statuses {
            Some(statuses) => status.as_u16() >= 400 && statuses.contains(&status.as_u16()),
            None => matches!(status.as_u16(), 408 | 421 | 425 | 429 | 500..),
        }
    }

    pub(crate) fn resends_unknown(&self) -> bool {
        self.resend_unknown
    }

    /// Returns how long to wait after this many attempts.
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

/// Three attempts. The limit for the first wait is 250 ms. It doubles for each later wait, up to 5 s.
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

#[cfg(all(test, feature = "getrandom"))]
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
    fn extreme_settings_wait_at_most_max_backoff() {
        for multiplier in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e308] {
            for max_backoff in [Duration::ZERO, Duration::MAX] {
                let retry = Retry::default()
                    .multiplier(multiplier)
                    .initial_backoff(Duration::MAX)
                    .max_backoff(max_backoff);
                assert!(retry.wait_after(9, &OsEntropy) <= max_backoff, "{multiplier}");
            }
        }
    }
}
