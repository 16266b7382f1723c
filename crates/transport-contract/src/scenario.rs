//! A scenario of the contract.

use std::{fmt, future::Future, pin::Pin};

use openrouter_oauth_transport::Transport;

use crate::{
    harness::{Harness, Outcome},
    scheme::Scheme,
    violation::Violation,
};

/// One conformance test: how the server behaves, and how the transport must respond.
pub struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) rule: u8,
    pub(crate) run: for<'a> fn(&'a Harness<'a>) -> ScenarioFuture<'a>,
}

pub(crate) type ScenarioFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

impl Scenario {
    /// Returns the name, which states the requirement, such as `redirect_is_returned_and_not_followed`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number of the rule in the [contract](Transport#contract) that the scenario checks.
    pub fn rule(&self) -> u8 {
        self.rule
    }

    /// Runs the scenario over this `scheme`.
    ///
    /// # Errors
    ///
    /// Returns a violation if the transport violates the contract, or if the scenario cannot get a socket or a thread.
    pub async fn run_over(&self, transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violation> {
        let outcome = (self.run)(&Harness { transport, scheme }).await;
        outcome.map_err(|problem| Violation::new(self.name, self.rule, problem.to_string()))
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).field("rule", &self.rule).finish_non_exhaustive()
    }
}
