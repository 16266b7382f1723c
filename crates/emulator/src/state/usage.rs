//! The amounts that a key has spent.

use jiff::{Timestamp, civil::Date};

use crate::LimitReset;

/// The amounts that a key has spent: in total, and in the current day, week and month.
///
/// They are counted in billionths of a dollar, so that 0.1 and 0.2 are 0.3.
#[derive(Clone)]
pub(crate) struct Usage {
    total: u64,
    periods: [Period; 3],
}

/// The amount spent in the period that begins on the first day. Before the first spending, there is no period.
#[derive(Clone)]
struct Period {
    reset: LimitReset,
    first_day: Option<Date>,
    spent: u64,
}

/// The largest total, in dollars. An `f64` can represent every billionth of a dollar up to it.
const LIMIT: f64 = 1e6;

const BILLION: f64 = 1e9;

/// The number of dollars (2^23) up to which two neighboring `f64` values are less than a billionth apart.
const EXACT: f64 = 8_388_608.0;

impl Usage {
    pub(crate) fn new() -> Self {
        let periods = LimitReset::ALL.map(|reset| Period { reset, first_day: None, spent: 0 });
        Self { total: 0, periods }
    }

    /// Adds an amount to the total and to the periods that contain `now`. Returns `None` if `dollars` is not an amount
    /// of money, or if the total would exceed [`LIMIT`].
    pub(crate) fn after_spending(mut self, dollars: f64, now: Timestamp) -> Option<Self> {
        let amount = in_billionths(dollars)?;
        self.total = self.total.checked_add(amount).filter(|total| in_dollars(*total) <= LIMIT)?;
        for period in &mut self.periods {
            let first_day = Some(period.reset.first_day(now));
            if period.first_day != first_day {
                *period = Period { first_day, spent: 0, ..*period };
            }
            period.spent += amount;
        }
        Some(self)
    }

    /// Returns the total, in dollars.
    pub(crate) fn total(&self) -> f64 {
        in_dollars(self.total)
    }

    /// Returns the amount spent in the period that contains `now`, in dollars.
    pub(crate) fn within(&self, reset: LimitReset, now: Timestamp) -> f64 {
        let first_day = Some(reset.first_day(now));
        let mut periods = self.periods.iter();
        let period = periods.find(|period| period.reset == reset && period.first_day == first_day);
        in_dollars(period.map_or(0, |period| period.spent))
    }
}

/// Returns `limit - spent`, rounded to a billionth as far as an `f64` can represent each billionth.
pub(crate) fn remaining(limit: f64, spent: f64) -> f64 {
    let exact = limit - spent;
    if spent == 0.0 || exact.abs() > EXACT { exact } else { (exact * BILLION).round() / BILLION }
}

/// Rejects `-0.0` too, because no amount of money has a sign.
fn in_billionths(dollars: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e15")]
    (dollars.is_sign_positive() && dollars <= LIMIT).then(|| (dollars * BILLION).round() as u64)
}

#[expect(clippy::cast_precision_loss, reason = "at most 1e15, or about to be rejected")]
fn in_dollars(billionths: u64) -> f64 {
    billionths as f64 / BILLION
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[track_caller]
    fn check(usage: &Usage, now: &str, [total, daily, weekly, monthly]: [f64; 4]) {
        let now = at(now);
        assert_eq!(usage.total().to_bits(), total.to_bits(), "{}", usage.total());
        let periods = LimitReset::ALL.map(|reset| usage.within(reset, now));
        assert_eq!(periods.map(f64::to_bits), [daily, weekly, monthly].map(f64::to_bits), "{periods:?}");
    }

    #[test]
    fn each_period_ends_at_its_boundary_and_the_total_never() {
        // A Wednesday.
        let usage = Usage::new().after_spending(0.1, at("2027-03-24T23:59:59.999999999Z")).unwrap();
        check(&usage, "2027-03-24T23:59:59.999999999Z", [0.1, 0.1, 0.1, 0.1]);
        check(&usage, "2027-03-25T00:00:00Z", [0.1, 0.0, 0.1, 0.1]);
        let usage = usage.after_spending(0.2, at("2027-03-25T00:00:00Z")).unwrap();
        check(&usage, "2027-03-25T23:59:59.999999999Z", [0.3, 0.2, 0.3, 0.3]);
        check(&usage, "2027-03-28T23:59:59.999999999Z", [0.3, 0.0, 0.3, 0.3]);
        check(&usage, "2027-03-29T00:00:00Z", [0.3, 0.0, 0.0, 0.3]);
        check(&usage, "2027-03-31T23:59:59.999999999Z", [0.3, 0.0, 0.0, 0.3]);
        check(&usage, "2027-04-01T00:00:00Z", [0.3, 0.0, 0.0, 0.0]);
        let usage = usage.after_spending(1.0, at("2028-03-24T00:00:00Z")).unwrap();
        check(&usage, "2028-03-24T00:00:00Z", [1.3, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn only_amounts_of_money_can_be_spent() {
        let now = at("2027-03-24T00:00:00Z");
        for bad in [f64::NAN, -f64::NAN, f64::INFINITY, -f64::INFINITY, -0.01, -0.0, 1e6 + 0.01, 1e300] {
            assert!(Usage::new().after_spending(bad, now).is_none(), "{bad}");
        }
        for (dollars, counted) in [(0.0, 0.0), (4e-10, 0.0), (5e-10, 1e-9), (1e6, 1e6)] {
            let usage = Usage::new().after_spending(dollars, now).unwrap();
            check(&usage, "2027-03-24T00:00:00Z", [counted; 4]);
        }
    }

    #[test]
    fn spending_stops_at_a_million_dollars() {
        let now = at("2027-03-24T00:00:00Z");
        let usage = Usage::new().after_spending(999_999.999_999_999, now).unwrap();
        assert!(usage.clone().after_spending(2e-9, now).is_none());
        assert_eq!(usage.after_spending(1e-9, now).unwrap().total().to_bits(), 1e6_f64.to_bits());
    }

    #[test]
    fn remaining_amount_has_no_rounding_errors() {
        for (limit, spent, expected) in [
            (0.3, 0.1, 0.2),
            (5.0, 7.5, -2.5),
            (1.0, 1.0, 0.0),
            (940.587_658_078_71, 0.0, 940.587_658_078_71),
            (1e300, 1.0, 1e300),
            (1_000_001.3, 0.2, 1_000_001.1),
            (8_000_000.3, 0.2, 8_000_000.1),
        ] {
            assert_eq!(remaining(limit, spent).to_bits(), f64::to_bits(expected), "{limit} - {spent}");
        }
    }
}
