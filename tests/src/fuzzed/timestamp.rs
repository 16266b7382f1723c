//! Points in time.

use std::{ops::Range, time::SystemTime};

use openrouter_oauth_models::Timestamp;

use super::checks::assert_fit_to_show;

/// Checks a timestamp as text, and as seconds in eight bytes: an independent reader agrees, and writing and reading it
/// again changes nothing.
pub fn timestamp(data: &[u8]) {
    if let Some(bytes) = data.first_chunk() {
        let seconds = i64::from_le_bytes(*bytes);
        if let Ok(timestamp) = Timestamp::from_unix_seconds(seconds) {
            assert_eq!(timestamp.as_unix_seconds(), seconds);
            assert_round_trip(timestamp);
        }
    }
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match Timestamp::parse(text) {
        Ok(timestamp) => {
            assert_eq!(timestamp.as_unix_seconds(), unix_seconds(text));
            assert_round_trip(timestamp);
        }
        Err(error) => assert_fit_to_show(&error, &[]),
    }
}

fn assert_round_trip(timestamp: Timestamp) {
    let text = timestamp.to_string();
    // 2027-12-31T23:59:59Z, or with a fraction: OpenRouter rejects a time without seconds.
    let (seconds, fraction) = text.split_at(19);
    assert_eq!((&seconds[10..11], &seconds[16..17]), ("T", ":"), "{text}");
    assert!(fraction == "Z" || (fraction.starts_with('.') && fraction.ends_with('Z')), "{text}");
    assert_eq!(Timestamp::parse(&text), Ok(timestamp));
    let json = serde_json::to_string(&timestamp).unwrap();
    assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), timestamp);
    if let Ok(time) = SystemTime::try_from(timestamp) {
        let back = Timestamp::try_from(time).unwrap();
        assert_eq!(SystemTime::try_from(back).ok(), Some(time));
        // The clock of Windows counts in units of 100 ns.
        if !cfg!(windows) {
            assert_eq!(back, timestamp);
        }
    }
}

/// Computes seconds since 1970 from calendar days, rounded toward zero (RFC 3339, appendix C).
fn unix_seconds(text: &str) -> i64 {
    let number =
        |range: Range<usize>| text.get(range).and_then(|digits| digits.parse::<i64>().ok()).expect("digits");
    let days = days(number(0..4), number(5..7), number(8..10));
    // The seconds may be missing (A3). A leap second counts as the second before it.
    let has_seconds = text.as_bytes()[16] == b':';
    let (second, rest) = if has_seconds { (number(17..19).min(59), &text[19..]) } else { (0, &text[16..]) };
    let time = number(11..13) * 3600 + number(14..16) * 60 + second;
    // The offset may lack its colon.
    let digits = rest.replace(':', "");
    let offset = match digits.find(['+', '-']) {
        Some(sign) => {
            let of = |range: Range<usize>| digits[sign..][range].parse::<i64>().expect("digits");
            let offset = of(1..3) * 3600 + of(3..5) * 60;
            if digits[sign..].starts_with('+') { offset } else { -offset }
        }
        None => 0,
    };
    let seconds = days * 86_400 + time - offset;
    // Only the first nine digits of a fraction count.
    let fraction = rest.strip_prefix('.').unwrap_or_default();
    let has_fraction = fraction.bytes().take(9).take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    seconds + i64::from(seconds < 0 && has_fraction)
}

/// Counts the days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}
