//! A limit in money.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::text::{InvalidValue, open_text_conversions};

/// What a key may spend, in US dollars: finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct CreditLimit(f64);

impl CreditLimit {
    /// A limit of this many US dollars.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is negative, infinite, or not a number.
    pub fn new(dollars: f64) -> Result<Self, InvalidValue> {
        if !dollars.is_finite() {
            return Err(InvalidValue::new("credit limit", "is not a finite number"));
        }
        if dollars < 0.0 {
            return Err(InvalidValue::new("credit limit", "is negative"));
        }
        // -0.0 passes the check above and would be sent with its sign.
        Ok(Self(dollars.abs()))
    }

    /// Reads a decimal number of US dollars, such as `5` or `0.5`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is not a number, or not one that [`new`](Self::new) accepts.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let dollars = text.parse().map_err(|_| InvalidValue::new("credit limit", "is not a number"))?;
        Self::new(dollars)
    }

    /// The limit in US dollars.
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

/// As the shortest text that reads back the same: `100`, `0.5`.
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
    fn limit_is_made_of_whole_dollars() {
        assert_eq!(CreditLimit::from(5_u32), CreditLimit::new(5.0).unwrap());
        assert_eq!(CreditLimit::try_from(5), CreditLimit::new(5.0));
        assert!(CreditLimit::try_from(-1).is_err());
    }

    #[test]
    fn limit_is_read_from_text() {
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
