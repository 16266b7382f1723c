//! The time at which a sign-in began.

use std::time::{Duration, SystemTime};

use openrouter_oauth_models::InvalidValue;

/// A wall-clock time in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy)]
pub(super) struct BegunAt(SystemTime);

/// The end of the year 9999.
const MAX_SECONDS: u64 = 253_402_300_799;

impl BegunAt {
    /// Rounds down to the second. A clock before 1970 counts as 1970, and one after 9999 as the end of 9999.
    pub(super) fn new(now: SystemTime) -> Self {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self::from_seconds(seconds.min(MAX_SECONDS)).unwrap_or(Self(SystemTime::UNIX_EPOCH))
    }

    pub(super) fn from_seconds(seconds: u64) -> Result<Self, InvalidValue> {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let time = time.filter(|_| seconds <= MAX_SECONDS);
        time.map(Self).ok_or(InvalidValue::new("time of a sign-in", "is out of range"))
    }

    pub(super) fn as_seconds(self) -> u64 {
        self.0.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    pub(super) fn time(self) -> SystemTime {
        self.0
    }

    /// Returns `None` if the time is later than `now`.
    pub(super) fn age(self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_rounded_down_and_kept_in_range() {
        let at = |seconds, nanos| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(BegunAt::new(at(7, 999_999_999)).as_seconds(), 7);
        assert_eq!(BegunAt::new(at(7, 5)).age(at(8, 0)), Some(Duration::from_secs(1)));
        assert_eq!(BegunAt::new(at(7, 5)).age(at(6, 0)), None);
        assert_eq!(BegunAt::new(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).as_seconds(), 0);
        assert_eq!(BegunAt::new(at(MAX_SECONDS + 1, 0)).as_seconds(), MAX_SECONDS);
        assert!(BegunAt::from_seconds(MAX_SECONDS).is_ok());
        for bad in [MAX_SECONDS + 1, u64::MAX] {
            assert!(BegunAt::from_seconds(bad).is_err(), "{bad}");
        }
    }
}
