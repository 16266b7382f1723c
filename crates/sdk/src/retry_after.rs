//! How long the server asks to wait (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};

/// The wait that `Retry-After` or `retry-after-ms` asks for; none if neither can be read (C-24).
///
/// A date is taken relative to the server's own `Date` header, so that a wrong clock here does not matter.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds = text(headers.get("retry-after-ms"))
        .and_then(digits)
        .map(Duration::from_millis);
    milliseconds.or_else(|| {
        let value = text(headers.get(header::RETRY_AFTER))?;
        digits(value).map(Duration::from_secs).or_else(|| {
            let now = text(headers.get(header::DATE))
                .and_then(date)
                .or_else(wall_clock)?;
            // A date that has passed asks for no wait.
            Some(date(value)?.duration_since(now).try_into().unwrap_or_default())
        })
    })
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    Some(value?.to_str().ok()?.trim())
}

/// Digits and nothing else; so many that they do not fit are a very long time.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

fn date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

fn wall_clock() -> Option<Timestamp> {
    Timestamp::try_from(SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[(&'static str, &'static str)], wait: Option<u64>) {
        let headers = lines
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        assert_eq!(retry_after(&headers.collect()), wait.map(Duration::from_millis));
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_read() {
        // C-24
        check(&[], None);
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", " 3600 ")], Some(3_600_000));
        check(&[("retry-after-ms", "250"), ("retry-after", "1")], Some(250));
        check(&[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1000));
        for nonsense in ["-1", "1e30", "soon", "NaN", "", "1.5"] {
            check(&[("retry-after", nonsense)], None);
        }
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        check(
            &[now, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")],
            Some(10_000),
        );
        check(&[now, ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")], Some(0));
    }

    #[test]
    fn a_number_beyond_all_bounds_is_a_long_time() {
        let headers = HeaderMap::from_iter([(
            header::RETRY_AFTER,
            HeaderValue::from_static("99999999999999999999999"),
        )]);
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(u64::MAX)));
    }
}
