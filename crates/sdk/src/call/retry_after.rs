//! The wait that the server asks for (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

/// The longest wait that is useful for a code, because a code expires after ten minutes.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// The longest wait that the SDK reports: 136 years. The bound prevents overflow when a caller adds the wait to a time.
const MAXIMUM: Duration = Duration::from_secs(u32::MAX as u64);

/// The wait that a response asks for.
#[derive(Debug)]
pub(crate) enum RetryAfter {
    Wait(Duration),
    /// Wait until `date`, by the server's clock. `sent` is the server's time of the response, if it is known: with it, a
    /// wrong local clock does not matter.
    Until {
        date: SystemTime,
        sent: Option<SystemTime>,
    },
}

impl RetryAfter {
    /// Reads `Retry-After` and `retry-after-ms`. Returns `None` if neither is valid.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let milliseconds = || digits(text(headers.get("retry-after-ms"))?).map(Duration::from_millis);
        let seconds = || digits(text(headers.get(header::RETRY_AFTER))?).map(Duration::from_secs);
        let until = || {
            let sent = date(headers.get(header::DATE));
            Some(Self::Until { date: date(headers.get(header::RETRY_AFTER))?, sent })
        };
        milliseconds().or_else(seconds).map(Self::Wait).or_else(until)
    }

    /// Returns the wait that begins `now`.
    pub(crate) fn wait(self, now: impl FnOnce() -> SystemTime) -> Duration {
        let wait = match self {
            Self::Wait(wait) => wait,
            // A date in the past means no wait.
            Self::Until { date, sent } => date.duration_since(sent.unwrap_or_else(now)).unwrap_or_default(),
        };
        wait.min(MAXIMUM)
    }
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    Some(value?.to_str().ok()?.trim())
}

/// Parses text that is only digits. A number that is too large counts as `u64::MAX`.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn date(value: Option<&HeaderValue>) -> Option<SystemTime> {
    httpdate::parse_http_date(text(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[(&'static str, &'static str)], wait: Option<u64>) {
        let headers =
            lines.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let wait_from_now = |asked: RetryAfter| asked.wait(|| SystemTime::UNIX_EPOCH);
        assert_eq!(RetryAfter::read(&headers.collect()).map(wait_from_now), wait.map(Duration::from_millis));
    }

    #[test]
    fn retry_after_accepts_seconds_milliseconds_and_dates() {
        // C-24
        check(&[], None);
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", " 300 ")], Some(300_000));
        check(&[("retry-after", "3600")], Some(3_600_000));
        check(&[("retry-after-ms", "250"), ("retry-after", "1")], Some(250));
        check(&[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1000));
        for nonsense in ["-1", "1e30", "soon", "NaN", "", "1.5"] {
            check(&[("retry-after", nonsense)], None);
        }
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        check(&[now, ("retry-after", "Sunday, 06-Nov-94 08:49:47 GMT")], Some(10_000));
        check(&[now, ("retry-after", "Sun Nov  6 08:49:47 1994")], Some(10_000));
        check(&[now, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")], Some(10_000));
        check(&[now, ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], Some(0));
        check(&[("retry-after", "Thu, 01 Jan 1970 00:00:10 GMT")], Some(10_000));
    }

    #[test]
    fn huge_number_is_the_longest_wait() {
        check(&[("retry-after", "99999999999999999999999")], Some(u64::from(u32::MAX) * 1000));
    }
}
