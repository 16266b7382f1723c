//! A clock that tests can move.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The system's clock, moved forward by an offset.
#[derive(Default)]
pub(crate) struct Clock {
    ahead: SignedDuration,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        after(Timestamp::now(), self.ahead)
    }

    /// Moves the clock forward, at most to the last timestamp that can be represented.
    pub(crate) fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.ahead = self.ahead.saturating_add(by);
    }
}

/// Returns `timestamp + duration`, at most the last timestamp that can be represented.
pub(crate) fn after(timestamp: Timestamp, duration: SignedDuration) -> Timestamp {
    timestamp.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// Formats a timestamp as the API does: RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(timestamp: Timestamp) -> String {
    Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp).to_string()
}

/// Parses a timestamp as the API does: RFC 3339 in UTC, with seconds and `Z`.
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
    (matches && fraction_is_valid).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_stops_at_the_last_timestamp() {
        let mut clock = Clock::default();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        assert!(rfc3339(clock.now()).starts_with("9999-12-30T22:00:0"));
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
        let timestamp = parse_rfc3339("2027-12-31T23:59:59.5Z").unwrap();
        assert_eq!(rfc3339(timestamp), "2027-12-31T23:59:59Z");
    }
}
