//! The deadlines of a request and of connecting.

use std::time::{Duration, Instant};

use ureq::{Error, unversioned::transport::NextTimeout};

/// When a request, or its connecting, must end.
///
/// ureq computes a timeout before a step, and passes it to each read and write of that step. Every one of them therefore
/// compares its timeout with this instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

/// The longest timeout that ureq and the operating systems can add to a time without an overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How much too early a wait may end, because ureq divides it among addresses and rounds down to milliseconds.
const ROUNDING: Duration = Duration::from_millis(20);

impl Deadline {
    pub(crate) fn new(started: Instant, timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| started.checked_add(timeout.min(LONGEST))))
    }

    /// Returns this deadline, or the one that `timeout` from now sets if it is sooner.
    pub(crate) fn within(self, timeout: Duration) -> Self {
        let limit = Instant::now().checked_add(timeout);
        Self(self.0.into_iter().chain(limit).min())
    }

    /// Returns whether a timeout was this deadline's, and not that of the operating system or of connecting.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_some_and(|left| left < ROUNDING)
    }

    /// Returns the time that is left, or `None` if the request has no timeout.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Returns the timeout for ureq. There always is one, because without it ureq ends a request when a signal
    /// interrupts a read.
    pub(crate) fn timeout(self) -> Duration {
        self.left().unwrap_or(LONGEST)
    }

    /// Shortens a timeout to the time that is left.
    pub(crate) fn shorten(self, mut timeout: NextTimeout) -> Result<NextTimeout, Error> {
        match self.left() {
            Some(left) if left.is_zero() => return Err(Error::Timeout(timeout.reason)),
            Some(left) => timeout.after = timeout.after.min(left.into()),
            None => {}
        }
        Ok(timeout)
    }
}
