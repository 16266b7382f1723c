//! The state of a key, without the key itself.

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{LimitReset, state::clock};

/// The state of a key at one moment, without the key itself. All amounts are in US dollars, and the periods are in UTC,
/// both on the emulator's clock.
///
/// The fields have the names that they have in `GET /key`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct KeyState {
    /// The lowercase hexadecimal SHA-256 of the key. OpenRouter's links to a key contain the same hash.
    pub hash: String,
    /// The label. If the code had no `key_label`, it is the masked key, such as `sk-or-v1-0e6...1c96`.
    pub label: String,
    /// The credit limit. `None` if there is none.
    pub limit: Option<f64>,
    /// The part of the limit that is left, at least 0. The usage in the current period counts toward a limit that
    /// resets; the total usage counts toward one that does not. `None` without a limit.
    pub limit_remaining: Option<f64>,
    /// How often the limit resets. `None` if never.
    pub limit_reset: Option<LimitReset>,
    /// The amount spent since the key was created.
    pub usage: f64,
    /// The amount spent since midnight.
    pub usage_daily: f64,
    /// The amount spent since Monday.
    pub usage_weekly: f64,
    /// The amount spent since the first day of the month.
    pub usage_monthly: f64,
    /// When the key expires or expired. `None` if never.
    pub expires_at: Option<SystemTime>,
    /// When the key was created.
    pub created_at: SystemTime,
    /// Whether the key is a management key.
    pub is_management_key: bool,
}

impl KeyState {
    /// Formats the state as the control interface does.
    pub(crate) fn to_json(&self) -> Value {
        let mut fields = self.api_fields();
        fields.insert("hash".to_owned(), json!(self.hash));
        fields.insert("created_at".to_owned(), time(self.created_at));
        Value::Object(fields)
    }

    /// Returns the fields that `GET /key` also has.
    pub(crate) fn api_fields(&self) -> Map<String, Value> {
        let fields = [
            ("label", json!(self.label)),
            ("limit", json!(self.limit.map(amount))),
            ("limit_remaining", json!(self.limit_remaining.map(amount))),
            ("limit_reset", json!(self.limit_reset.map(LimitReset::name))),
            ("usage", amount(self.usage)),
            ("usage_daily", amount(self.usage_daily)),
            ("usage_weekly", amount(self.usage_weekly)),
            ("usage_monthly", amount(self.usage_monthly)),
            ("expires_at", self.expires_at.map_or(Value::Null, time)),
            ("is_management_key", json!(self.is_management_key)),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Formats an amount of money. Like JavaScript, it writes whole numbers without a fraction.
pub(crate) fn amount(dollars: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    if dollars.fract() == 0.0 && dollars.abs() < 1e15 {
        return json!(dollars as i64);
    }
    json!(dollars)
}

fn time(time: SystemTime) -> Value {
    // Every time comes from a `Timestamp`, so it can become one again.
    json!(Timestamp::try_from(time).ok().map(clock::rfc3339))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_amounts_have_no_fraction() {
        for (dollars, text) in [(0.0, "0"), (-0.0, "0"), (5.0, "5"), (0.3, "0.3"), (1e300, "1e+300")] {
            assert_eq!(amount(dollars).to_string(), text);
        }
    }
}
