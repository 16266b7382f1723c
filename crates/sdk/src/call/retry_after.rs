//! How long the server asks to wait (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

/// The longest wait that is passed on: the life of a code. It also keeps the caller's clock from overflowing.
const MAXIMUM: Duration = Duration::from_secs(600);

/// The wait that `Retry-After` or `retry-after-ms` asks for; `None` if neither can be read.
///
/// A date is taken relative to the server's own `Date` header, so that a wrong clock here does not matter.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds = || digits(text(headers.get("retry-after-ms"))?).map(Duration::from_millis);
    let seconds = || digits(text(headers.get(header::RETRY_AFTER))?).map(Duration::from_secs);
    let until = || {
        let now = date(headers.get(header::DATE)).unwrap_or_else(SystemTime::now);
        // A date that has passed asks for no wait.
        Some(date(headers.get(header::RETRY_AFTER))?.duration_since(now).unwrap_or_default())
    };
    milliseconds().or_else(seconds).or_else(until).map(|wait| wait.min(MAXIMUM))
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    Some(value?.to_str().ok()?.trim())
}

/// Digits and nothing else; so many that they do not fit are a very long time.
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
        assert_eq!(retry_after(&headers.collect()), wait.map(Duration::from_millis));
    }

    #[test]
    fn seconds_milliseconds_and_dates_are_read() {
        // C-24
        check(&[], None);
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", " 300 ")], Some(300_000));
        check(&[("retry-after", "3600")], Some(600_000));
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
    }

    #[test]
    fn number_beyond_all_bounds_is_the_longest_wait() {
        let headers = HeaderMap::from_iter([(
            header::RETRY_AFTER,
            HeaderValue::from_static("99999999999999999999999"),
        )]);
        assert_eq!(retry_after(&headers), Some(MAXIMUM));
    }
}
