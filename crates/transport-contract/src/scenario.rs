//! One scenario of the contract.

use std::{fmt, future::Future, pin::Pin};

use openrouter_oauth_transport::Transport;

use crate::{
    harness::{Harness, Outcome},
    scheme::Scheme,
    violation::Violation,
};

/// A server that behaves in a certain way, and what a transport must do with it.
pub struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) rule: u8,
    pub(crate) play: for<'a> fn(&'a Harness<'a>) -> ScenarioFuture<'a>,
}

pub(crate) type ScenarioFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

impl Scenario {
    /// What must be true: `redirect_is_returned_and_not_followed`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The number of the rule in the [contract](Transport#contract) that it is about.
    pub fn rule(&self) -> u8 {
        self.rule
    }

    /// Plays it with a server of this `scheme`.
    ///
    /// # Errors
    ///
    /// The transport breaks the contract, or the scenario could not get a socket or a thread.
    pub async fn run_over(&self, transport: &dyn Transport, scheme: &Scheme) -> Result<(), Violation> {
        let outcome = (self.play)(&Harness { transport, scheme }).await;
        outcome.map_err(|problem| Violation::new(self.name, self.rule, problem.to_string()))
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).field("rule", &self.rule).finish_non_exhaustive()
    }
}
