//! The errors of the scenarios.

use std::{error::Error as StdError, fmt};

/// A violation of the contract, found by one scenario.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    scenario: &'static str,
    rule: u8,
    problem: String,
}

impl Violation {
    pub(crate) fn new(scenario: &'static str, rule: u8, problem: String) -> Self {
        Self { scenario, rule, problem }
    }

    /// Returns the name of the scenario.
    pub fn scenario(&self) -> &'static str {
        self.scenario
    }

    /// Returns the number of the violated rule in the [contract](openrouter_oauth_transport::Transport#contract).
    pub fn rule(&self) -> u8 {
        self.rule
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rule {}): {}", self.scenario, self.rule, self.problem)
    }
}

impl StdError for Violation {}

/// All violations of the contract that the scenarios found. There is at least one.
///
/// `Debug` prints one line per violation, like `Display`, because a test that returns an error prints it with `Debug`.
#[derive(Clone, Eq, PartialEq)]
pub struct Violations {
    violations: Vec<Violation>,
    /// The number of scenarios that ran.
    ran: usize,
}

impl Violations {
    /// Returns an error if there are violations.
    pub(crate) fn check(violations: Vec<Violation>, ran: usize) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self { violations, ran }) }
    }

    /// Iterates over the violations.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Violation> {
        self.violations.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the transport violates its contract in {} of {} scenarios",
            self.violations.len(),
            self.ran
        )?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n* {violation}"))
    }
}

impl fmt::Debug for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Violations {}
