//! The errors of the scenarios.

use std::fmt;

/// A violation of the contract, found by one scenario.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{scenario}: {problem}")]
pub struct Violation {
    scenario: &'static str,
    problem: String,
}

impl Violation {
    pub(super) fn new(scenario: &'static str, problem: String) -> Self {
        Self { scenario, problem }
    }

    /// Returns the name of the scenario.
    pub fn scenario(&self) -> &'static str {
        self.scenario
    }
}

/// All violations of the contract that the scenarios found. There is at least one.
///
/// `Debug` prints one line per violation, like `Display`, because a test that returns an error prints it with `Debug`.
#[derive(Clone, Eq, PartialEq, thiserror::Error)]
pub struct Violations {
    violations: Vec<Violation>,
    /// The number of scenarios that ran.
    ran: usize,
}

impl Violations {
    /// Returns an error if there are violations.
    pub(super) fn check(violations: Vec<Violation>, ran: usize) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self { violations, ran }) }
    }

    /// Iterates over the violations.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Violation> {
        self.violations.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store violates its contract in {} of {} scenarios", self.violations.len(), self.ran)?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n* {violation}"))
    }
}

impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
