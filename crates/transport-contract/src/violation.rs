//! How a transport broke its contract.

use std::{error::Error as StdError, fmt};

/// How a transport broke its contract in one scenario.
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

    /// The name of the scenario.
    pub fn scenario(&self) -> &'static str {
        self.scenario
    }

    /// The number of the rule in the [contract](openrouter_oauth_transport::Transport#contract) that is broken.
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

/// The scenarios in which a transport broke its contract.
///
/// `Debug` prints a line for each, as `Display` does, so that a test that returns it can be read.
#[derive(Clone, Eq, PartialEq)]
pub struct Violations {
    violations: Vec<Violation>,
    /// How many scenarios were played.
    played: usize,
}

impl Violations {
    /// An error, unless there are none.
    pub(crate) fn check(violations: Vec<Violation>, played: usize) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self { violations, played }) }
    }

    /// Each of them; there is at least one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Violation> {
        self.violations.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the transport breaks its contract in {} scenarios of {}",
            self.violations.len(),
            self.played
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
