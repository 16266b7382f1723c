//! A credit limit.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::{InvalidValue, open_text_conversions};

/// A key's credit limit in US dollars: finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct CreditLimit(f64);

impl CreditLimit {
    /// Creates a limit in US dollars.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if `dollars` is negative, infinite, or NaN.
    pub fn new(dollars: f64) -> Result<Self, InvalidValue> {
        if !dollars.is_finite() {
            return Err(InvalidValue::new("credit limit", "is not a finite number"));
        }
        if dollars < 0.0 {
            return Err(InvalidValue::new("credit limit", "is negative"));
        }
        // -0.0 passes the check above, but would serialize with its sign.
        Ok(Self(dollars.abs()))
    }

    /// Parses a decimal number of US dollars, such as `5` or `0.5`.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidValue`] if `text` is not a number, or if [`new`](Self::new) rejects the number.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let dollars = text.parse().map_err(|_| InvalidValue::new("credit limit", "is not a number"))?;
        Self::new(dollars)
    }

    /// Returns the limit in US dollars.
    pub const fn dollars(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for CreditLimit {
    type Error = InvalidValue;

    fn try_from(dollars: f64) -> Result<Self, Self::Error> {
        Self::new(dollars)
    }
}

impl TryFrom<i32> for CreditLimit {
    type Error = InvalidValue;

    fn try_from(dollars: i32) -> Result<Self, Self::Error> {
        Self::new(f64::from(dollars))
    }
}

impl TryFrom<&str> for CreditLimit {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CreditLimit {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

open_text_conversions!(CreditLimit);

impl From<u32> for CreditLimit {
    fn from(dollars: u32) -> Self {
        Self(f64::from(dollars))
    }
}

/// Writes the shortest text that parses back to the same value: `100`, `0.5`.
impl std::fmt::Display for CreditLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for CreditLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for CreditLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_dollars_convert_to_a_limit() {
        assert_eq!(CreditLimit::from(5_u32), CreditLimit::new(5.0).unwrap());
        assert_eq!(CreditLimit::try_from(5), CreditLimit::new(5.0));
        assert!(CreditLimit::try_from(-1).is_err());
    }

    #[test]
    fn limit_is_parsed_from_text() {
        assert_eq!("0.5".parse(), CreditLimit::new(0.5));
        assert_eq!(CreditLimit::try_from("100".to_owned()), CreditLimit::new(100.0));
        for bad in ["", " 5", "5 ", "$5", "5,0", "-1", "inf", "NaN"] {
            assert!(CreditLimit::try_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limit_is_finite_and_not_negative() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.01] {
            assert!(CreditLimit::new(bad).is_err(), "{bad}");
        }
        for good in [0.0, -0.0, 0.01, 100.0, f64::MAX] {
            assert!(CreditLimit::new(good).is_ok_and(|limit| limit.dollars().is_sign_positive()), "{good}");
        }
    }
}
