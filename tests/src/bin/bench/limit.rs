//! What the SDK may use, and the check of it.

use std::fmt;

/// An upper limit for the SDK's side of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Instructions, as a multiple of those by hand.
    InstructionRatio(f64),
    /// Allocations, as a multiple of those by hand.
    AllocationRatio(f64),
    Instructions(f64),
    Allocations(f64),
    /// Instructions for each byte that the body of the row [`REJECTED`](crate::row::REJECTED) does not have.
    InstructionsPerByte(f64),
}

/// The counts of one side of a row, for one exchange or other piece of work.
///
/// They are rounded to whole numbers, because the first repetition may differ slightly from the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// The counts of both sides of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) hand: Counts,
    pub(crate) sdk: Counts,
    /// The size of the response's body.
    pub(crate) body_bytes: f64,
}

impl Measured {
    pub(crate) fn instruction_ratio(&self) -> f64 {
        self.sdk.instructions / self.hand.instructions
    }

    pub(crate) fn allocation_ratio(&self) -> f64 {
        self.sdk.allocations / self.hand.allocations
    }

    /// Returns the problem if the SDK uses more than `limit`. `rejected` has the counts of the row
    /// [`REJECTED`](crate::row::REJECTED).
    pub(crate) fn check(&self, limit: Limit, rejected: Option<&Self>) -> Option<String> {
        let (actual, most) = match limit {
            Limit::InstructionRatio(most) => (self.instruction_ratio(), most),
            Limit::AllocationRatio(most) => (self.allocation_ratio(), most),
            Limit::Instructions(most) => (self.sdk.instructions, most),
            Limit::Allocations(most) => (self.sdk.allocations, most),
            Limit::InstructionsPerByte(most) => (self.instructions_per_byte(rejected), most),
        };
        // Not `>`, because NaN must fail as well.
        if actual <= most { None } else { Some(format!("{} {limit}", shown(actual))) }
    }

    fn instructions_per_byte(&self, rejected: Option<&Self>) -> f64 {
        rejected.map_or(f64::NAN, |short| {
            (self.sdk.instructions - short.sdk.instructions) / (self.body_bytes - short.body_bytes)
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstructionRatio(most) => {
                write!(f, "times the instructions by hand; the limit is {most:.2}")
            }
            Self::AllocationRatio(most) => write!(f, "times the allocations by hand; the limit is {most:.2}"),
            Self::Instructions(most) => write!(f, "instructions; the limit is {most}"),
            Self::Allocations(most) => write!(f, "allocations; the limit is {most}"),
            Self::InstructionsPerByte(most) => write!(f, "instructions per byte; the limit is {most}"),
        }
    }
}

/// Formats a whole number as such, and any other with enough digits to tell it from a limit.
fn shown(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAND: Counts = Counts { instructions: 1000.0, allocations: 20.0 };
    const SHORT: Measured = Measured { hand: HAND, sdk: HAND, body_bytes: 100.0 };

    fn check(instructions: f64, allocations: f64, limit: Limit) -> Option<String> {
        let sdk = Counts { instructions, allocations };
        Measured { hand: HAND, sdk, body_bytes: 200.0 }.check(limit, Some(&SHORT))
    }

    #[test]
    fn count_over_its_limit_is_a_problem() {
        let cases = [
            (
                Limit::InstructionRatio(0.90),
                900.0,
                901.0,
                "0.901 times the instructions by hand; the limit is 0.90",
            ),
            (Limit::Instructions(900.0), 900.0, 901.0, "901 instructions; the limit is 900"),
            (
                Limit::InstructionsPerByte(20.0),
                3000.0,
                3001.0,
                "20.010 instructions per byte; the limit is 20",
            ),
        ];
        for (limit, most, too_many, problem) in cases {
            assert_eq!(check(most, f64::NAN, limit), None);
            assert_eq!(check(too_many, 0.0, limit).as_deref(), Some(problem));
        }
    }

    #[test]
    fn one_more_allocation_is_a_problem() {
        for limit in [Limit::Allocations(20.0), Limit::AllocationRatio(1.0)] {
            assert_eq!(check(f64::NAN, 20.0, limit), None);
            assert!(check(0.0, 21.0, limit).is_some(), "{limit:?}");
        }
    }

    #[test]
    fn missing_count_is_a_problem() {
        for limit in [
            Limit::InstructionRatio(1.0),
            Limit::AllocationRatio(1.0),
            Limit::Instructions(1.0),
            Limit::Allocations(1.0),
            Limit::InstructionsPerByte(1.0),
        ] {
            assert!(check(f64::NAN, f64::NAN, limit).is_some(), "{limit:?}");
        }
        assert!(SHORT.check(Limit::InstructionsPerByte(1.0), None).is_some());
    }
}
