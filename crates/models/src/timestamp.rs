//! A point in time as RFC 3339 text.

use std::{fmt, time::SystemTime};

use crate::text::{FromText, InvalidValue, open_text_conversions};

/// A point in time between the years 0 and 9999, with nanosecond precision.
///
/// It is written as RFC 3339 in UTC, always with seconds (`2027-12-31T23:59:59Z`), because OpenRouter rejects a time
/// without seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Parses RFC 3339 text with any offset.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if `text` is not RFC 3339, or if the time is out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue::new(Self::WHAT, "is not an RFC 3339 timestamp");
        if !has_rfc_3339_shape(text.as_bytes()) {
            return Err(invalid);
        }
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

/// Fails if `SystemTime` on this platform cannot represent the time.
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

/// Returns whether `text` has the shape of `date-time` in RFC 3339, section 5.6. jiff also accepts other ISO 8601
/// forms.
fn has_rfc_3339_shape(text: &[u8]) -> bool {
    let is = |shape: &[u8], text: &[u8]| {
        shape.len() == text.len()
            && shape.iter().zip(text).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                letter => letter.eq_ignore_ascii_case(byte),
            })
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let digits = match rest.strip_prefix(b".") {
        Some(fraction) => fraction.iter().take_while(|byte| byte.is_ascii_digit()).count() + 1,
        None => 0,
    };
    let offset = rest.get(digits..).unwrap_or_default();
    is(b"0000-00-00T00:00:00", date_time)
        && digits != 1
        && (is(b"Z", offset) || is(b"+00:00", offset) || is(b"-00:00", offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_with_seconds_is_parsed() {
        for good in ["2027-12-31T23:59:59Z", "2027-12-31t23:59:59.000z", "2027-12-31T23:59:59.5+01:00"] {
            assert!(Timestamp::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "soon",
            "2027-12-31",
            "2027-12-31T23:59Z",
            "2027-12-31 23:59:59Z",
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
