//! A point in time as RFC 3339 text.

use std::{borrow::Cow, fmt, time::SystemTime};

use crate::text::{FromText, InvalidValue, open_text_conversions};

/// A point in time between the years 0 and 9999, with nanosecond precision.
///
/// It is written as RFC 3339 in UTC, always with seconds (`2027-12-31T23:59:59Z`), because OpenRouter rejects a time
/// without seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Parses RFC 3339 text with any offset. Also accepts three variants that servers send: without seconds, with a
    /// space instead of `T`, and without a colon in the offset (`2027-12-31 23:59+0000`).
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if `text` has another form, if it has no offset, or if the time is out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue::new(Self::WHAT, "is not an RFC 3339 timestamp");
        let text = to_rfc_3339(text).ok_or(invalid)?;
        Self::checked(text.parse().map_err(|_| invalid)?)
    }

    /// Returns the point in time `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if the time is out of range.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidValue> {
        jiff::Timestamp::from_second(seconds).map_err(|_| Self::out_of_range()).and_then(Self::checked)
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z, rounded toward zero.
    pub fn as_unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Rejects years before 0, because RFC 3339 writes the year as four digits.
    fn checked(timestamp: jiff::Timestamp) -> Result<Self, InvalidValue> {
        // Both parts are rounded toward zero. For a time less than a second before year 0, only the fraction is lower.
        let parts = (timestamp.as_second(), timestamp.subsec_nanosecond());
        if parts < (YEAR_0, 0) { Err(Self::out_of_range()) } else { Ok(Self(timestamp)) }
    }

    fn out_of_range() -> InvalidValue {
        InvalidValue::new(Self::WHAT, "is out of range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidValue;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        jiff::Timestamp::try_from(time).map_err(|_| Self::out_of_range()).and_then(Self::checked)
    }
}

/// Fails if `SystemTime` on this platform cannot represent the time. On Windows, the result is rounded to 100 ns.
impl TryFrom<Timestamp> for SystemTime {
    type Error = InvalidValue;

    fn try_from(timestamp: Timestamp) -> Result<Self, Self::Error> {
        timestamp.0.try_into().map_err(|_| Timestamp::out_of_range())
    }
}

open_text_conversions!(Timestamp);

impl TryFrom<&str> for Timestamp {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

impl FromText for Timestamp {
    const WHAT: &'static str = "timestamp";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

/// 0000-01-01T00:00:00Z.
const YEAR_0: i64 = -62_167_219_200;

/// Converts `text` to the `date-time` of RFC 3339, section 5.6. Returns `None` for other shapes, because jiff also
/// accepts other ISO 8601 forms.
fn to_rfc_3339(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10).filter(|(date, _)| has_shape(date, "0000-00-00"))?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (minutes, rest) = rest.split_at_checked(5).filter(|(minutes, _)| has_shape(minutes, "00:00"))?;
    let (seconds, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    let seconds = match seconds.split_once('.') {
        _ if seconds.is_empty() => ":00",
        None => Some(seconds).filter(|whole| has_shape(whole, ":00"))?,
        Some((whole, fraction)) => {
            let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
            Some(seconds).filter(|_| is_fraction && has_shape(whole, ":00"))?
        }
    };
    let offset = match offset {
        "Z" | "z" => Cow::Borrowed("Z"),
        _ if has_shape(offset, "+00:00") => Cow::Borrowed(offset),
        _ if has_shape(offset, "+0000") => {
            let (hours, minutes) = offset.split_at(3);
            Cow::Owned([hours, ":", minutes].concat())
        }
        _ => return None,
    };
    // jiff accepts offsets of a day and more.
    let is_offset = offset.get(1..3).is_none_or(|hours| hours < "24");
    is_offset.then(|| [date, "T", minutes, seconds, &offset].concat())
}

/// Returns whether `text` matches `shape`, in which `0` stands for a digit and `+` for a sign.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_rfc_3339_or_almost() {
        for (good, written) in [
            ("2027-12-31T23:59:59Z", "2027-12-31T23:59:59Z"),
            ("2027-12-31t23:59:59.000z", "2027-12-31T23:59:59Z"),
            ("2027-12-31T23:59:59.5+01:00", "2027-12-31T22:59:59.5Z"),
            ("2027-12-31T23:59Z", "2027-12-31T23:59:00Z"),
            ("2027-12-31 23:59:59Z", "2027-12-31T23:59:59Z"),
            ("2027-12-31T23:59:59+0000", "2027-12-31T23:59:59Z"),
            ("2027-12-31 23:59-0130", "2028-01-01T01:29:00Z"),
            ("2027-12-31T23:59:59+23:59", "2027-12-31T00:00:59Z"),
        ] {
            assert_eq!(Timestamp::parse(good).unwrap().to_string(), written, "{good}");
        }
        for bad in [
            "",
            "soon",
            "2027-12-31",
            "2027-12-31T23Z",
            "2027-12-31 23:59:59",
            "2027-12-31T23:59",
            "2027-12-31T23:59.5Z",
            "2027-12-31  23:59:59Z",
            "2027-12-31T23:59:59+24:00",
            "2027-12-31T23:59:59-2400",
            "2027-12-31T23:59:59+23:60",
            "2027-12-31T23:59:59+000",
            "2027-12-31T23:59:59 Z",
            "20271231T235959Z",
            "2027-12-31T23:59:59",
            "2027-12-31T23:59:59.Z",
            "2027-12-31T23:59:59+01",
            "2027-12-31T23:59:59Z[UTC]",
            "2027-13-31T23:59:59Z",
            "-009999-01-03T00:00:00Z",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
        assert!(Timestamp::from_unix_seconds(YEAR_0 - 1).is_err());
    }
}
