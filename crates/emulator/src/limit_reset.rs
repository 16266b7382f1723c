//! How often a limit resets, and its periods in UTC.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time},
    tz::Offset,
};

/// How often a key's limit resets. Periods begin at midnight in UTC.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitReset {
    /// Every day.
    Daily,
    /// Every Monday.
    Weekly,
    /// On the first day of every month.
    Monthly,
}

impl LimitReset {
    pub(crate) const ALL: [Self; 3] = [Self::Daily, Self::Weekly, Self::Monthly];

    /// Parses the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reset| reset.name() == name)
    }

    /// Returns the API's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// Returns the first day of the period that contains `now`.
    pub(crate) fn first_day(self, now: Timestamp) -> Date {
        let today = Offset::UTC.to_datetime(now).date();
        match self {
            Self::Daily => today,
            Self::Weekly => today.saturating_sub(today.weekday().to_monday_zero_offset().days()),
            Self::Monthly => today.first_of_month(),
        }
    }

    /// Returns the end of the period that contains `now`. There is none in year 10,000.
    pub(crate) fn next_reset(self, now: Timestamp) -> Option<Timestamp> {
        let first_day = self.first_day(now);
        let length = match self {
            Self::Daily => 1.day(),
            Self::Weekly => 7.days(),
            Self::Monthly => 1.month(),
        };
        let midnight = first_day.checked_add(length).ok()?.to_datetime(Time::midnight());
        Offset::UTC.to_timestamp(midnight).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: &str, first_days: [&str; 3], next_resets: [&str; 3]) {
        let now = now.parse().unwrap();
        assert_eq!(LimitReset::ALL.map(|reset| reset.first_day(now).to_string()), first_days);
        let next = LimitReset::ALL.map(|reset| reset.next_reset(now).unwrap().to_string());
        assert_eq!(next, next_resets.map(|day| format!("{day}T00:00:00Z")));
    }

    #[test]
    fn periods_begin_at_midnight_on_monday_and_on_the_first() {
        // A Wednesday, and both ends of a week in which a month and a year begin.
        check(
            "2027-03-10T12:00:00Z",
            ["2027-03-10", "2027-03-08", "2027-03-01"],
            ["2027-03-11", "2027-03-15", "2027-04-01"],
        );
        check(
            "2026-12-28T00:00:00Z",
            ["2026-12-28", "2026-12-28", "2026-12-01"],
            ["2026-12-29", "2027-01-04", "2027-01-01"],
        );
        check(
            "2027-01-03T23:59:59.999999999Z",
            ["2027-01-03", "2026-12-28", "2027-01-01"],
            ["2027-01-04", "2027-01-04", "2027-02-01"],
        );
    }

    #[test]
    fn periods_exist_at_both_ends_of_time() {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            for reset in LimitReset::ALL {
                let first_day = reset.first_day(now);
                assert!(first_day <= Offset::UTC.to_datetime(now).date());
                assert!(reset.next_reset(now).is_none_or(|next| next > now));
            }
        }
    }

    #[test]
    fn names_are_those_of_the_api() {
        for reset in LimitReset::ALL {
            assert_eq!(LimitReset::parse(reset.name()), Some(reset));
        }
        for unknown in ["", "Daily", "yearly"] {
            assert_eq!(LimitReset::parse(unknown), None);
        }
    }
}
