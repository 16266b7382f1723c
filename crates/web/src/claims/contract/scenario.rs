//! A scenario of the contract.

use std::fmt;

use openrouter_oauth::transport::Timer;

use super::{
    harness::{Harness, ScenarioFuture},
    violation::Violation,
};
use crate::claims::Claims;

/// One conformance test of a store of claims.
pub struct Scenario {
    pub(super) name: &'static str,
    pub(super) run: for<'a> fn(&'a Harness<'a>) -> ScenarioFuture<'a>,
}

impl Scenario {
    /// Returns the name, which states the requirement, such as `one_of_many_concurrent_claims_wins`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the scenario. `first` and `second` are clients of one store.
    ///
    /// # Errors
    ///
    /// Returns a violation if the store violates the contract, fails, or does not respond within 20 seconds.
    pub async fn run<C: Claims>(&self, first: &C, second: &C, timer: &dyn Timer) -> Result<(), Violation> {
        let harness = Harness { first, second, timer };
        let outcome = (self.run)(&harness).await;
        outcome.map_err(|problem| Violation::new(self.name, problem.to_string()))
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}
