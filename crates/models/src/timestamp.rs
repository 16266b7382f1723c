//! A point in time, as RFC 3339 text.

use std::{fmt, time::SystemTime};

use crate::text::{FromText, InvalidValue};

/// A point in time between the years -9999 and 9999, to the nanosecond.
///
/// Written as RFC 3339 in UTC and always with seconds (`2027-12-31T23:59:59Z`): OpenRouter refuses minutes alone.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Reads RFC 3339 text with any offset.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is no such text, or out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text.parse()
            .map(Self)
            .map_err(|_| InvalidValue::new(Self::WHAT, "is not an RFC 3339 timestamp"))
    }

    /// The point in time `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is out of range.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidValue> {
        jiff::Timestamp::from_second(seconds)
            .map(Self)
            .map_err(|_| Self::out_of_range())
    }

    /// Seconds since 1970-01-01T00:00:00Z, rounded toward zero.
    pub fn as_unix_seconds(self) -> i64 {
        self.0.as_second()
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
        jiff::Timestamp::try_from(time)
            .map(Self)
            .map_err(|_| Self::out_of_range())
    }
}

/// Fails where the platform's clock cannot show it.
impl TryFrom<Timestamp> for SystemTime {
    type Error = InvalidValue;

    fn try_from(timestamp: Timestamp) -> Result<Self, Self::Error> {
        timestamp.0.try_into().map_err(|_| Timestamp::out_of_range())
    }
}

impl TryFrom<&str> for Timestamp {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
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
