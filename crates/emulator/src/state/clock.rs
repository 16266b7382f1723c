//! A clock that tests can move.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

/// How far the clock can be ahead of the system's: a hundred years.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(36_525 * 24);

/// The system's clock, moved forward by an offset.
#[derive(Default)]
pub(crate) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        after(Timestamp::now(), self.ahead)
    }

    /// Moves the clock forward, at most to [`MAX_AHEAD`].
    pub(crate) fn advance(&mut self, by: Duration) {
        if !self.try_advance(by) {
            self.ahead = MAX_AHEAD;
        }
    }

    /// Moves the clock forward. Returns `false` and changes nothing if it would be more than [`MAX_AHEAD`].
    pub(crate) fn try_advance(&mut self, by: Duration) -> bool {
        let ahead = SignedDuration::try_from(by).ok().and_then(|by| self.ahead.checked_add(by));
        let Some(ahead) = ahead.filter(|ahead| *ahead <= MAX_AHEAD) else {
            return false;
        };
        self.ahead = ahead;
        true
    }
}

/// Returns `timestamp + duration`, at most the last timestamp that can be represented.
pub(crate) fn after(timestamp: Timestamp, duration: SignedDuration) -> Timestamp {
    timestamp.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// Converts a timestamp. The system can represent every one from 1970 on, and the emulator uses no others.
pub(crate) fn to_system_time(timestamp: Timestamp) -> SystemTime {
    SystemTime::try_from(timestamp).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Formats a timestamp as the API does: RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(timestamp: Timestamp) -> String {
    Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp).to_string()
}

/// Parses a timestamp as the API does: RFC 3339 in UTC, with seconds and `Z`. The last day of the year 9999, which
/// [`Timestamp`] cannot represent, becomes [`Timestamp::MAX`].
pub(crate) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    const PATTERN: &str = "0000-00-00T00:00:00";
    let (timestamp, rest) = text.split_at_checked(PATTERN.len())?;
    let matches = timestamp.bytes().zip(PATTERN.bytes()).all(|(byte, pattern)| match pattern {
        b'0' => byte.is_ascii_digit(),
        _ => byte == pattern,
    });
    let fraction = rest.strip_suffix('Z')?;
    let digits = fraction.strip_prefix('.');
    let fraction_is_valid = digits.map_or(fraction.is_empty(), |digits| {
        (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !(matches && fraction_is_valid) {
        return None;
    }
    text.parse().ok().or_else(|| timestamp.parse::<DateTime>().ok().map(|_| Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_stops_a_hundred_years_ahead() {
        let day = Duration::from_secs(24 * 60 * 60);
        let mut clock = Clock::default();
        assert!(clock.try_advance(36_524 * day));
        for too_far in [day + Duration::from_nanos(1), Duration::MAX] {
            assert!(!clock.try_advance(too_far));
            assert_eq!(clock.ahead, MAX_AHEAD - SignedDuration::from_hours(24));
        }
        assert!(clock.try_advance(day));
        assert!(!clock.try_advance(Duration::from_nanos(1)));
        clock.advance(Duration::MAX);
        assert_eq!(clock.ahead, MAX_AHEAD);
    }

    #[test]
    fn timestamps_need_seconds_and_utc() {
        for good in ["2027-12-31T23:59:59Z", "2027-12-31T23:59:59.5Z", "2027-12-31T23:59:59.123456789Z"] {
            assert!(parse_rfc3339(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2027-12-31T23:59Z",
            "2027-12-31T23:59:59",
            "2027-12-31T23:59:59+00:00",
            "2027-12-31 23:59:59Z",
            "2027-12-31t23:59:59z",
            "2027-13-31T23:59:59Z",
            "2027-12-31T23:59:59.Z",
            "2027-12-31T23:59:5éZ",
            "tomorrow",
        ] {
            assert!(parse_rfc3339(bad).is_none(), "{bad}");
        }
        assert_eq!(parse_rfc3339("9999-12-31T23:59:59.999999999Z"), Some(Timestamp::MAX));
        let timestamp = parse_rfc3339("2027-12-31T23:59:59.5Z").unwrap();
        assert_eq!(rfc3339(timestamp), "2027-12-31T23:59:59Z");
    }
}
