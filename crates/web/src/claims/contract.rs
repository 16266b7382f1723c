//! Conformance tests that check a store of claims against its [contract](super::Claims#contract).
//!
//! Run them in a test of your own store, on a real server:
//!
//! ```
//! use openrouter_oauth_web::{OneProcessClaims, claims::contract};
//! # #[path = "../../tests/it/tokio_timer.rs"]
//! # mod tokio_timer;
//! # use tokio_timer::TokioTimer;
//!
//! # // The clock jumps ahead, so that the example takes no time.
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), contract::Violations> {
//! // Two clients of one store, as two instances of an application have. Here, they share the memory.
//! # let timer = TokioTimer::new();
//! let first = OneProcessClaims::new(1000).timer(timer.clone());
//! let second = first.clone();
//! contract::run(&first, &second, &timer).await
//! # }
//! ```
//!
//! The error lists each scenario that failed, with the reason. The scenarios use random IDs, so they can run again on the
//! same store. They take about ten seconds, to wait until claims expire. They need no particular async runtime: the
//! timer is yours, such as the one of `openrouter-oauth-transport-hyper` for tokio.
//!
//! # What the scenarios do not check
//!
//! They cannot check what the store does when it fails: whether it loses claims when it restarts, when another server
//! takes over, or when its memory is full. All clients of a run have one clock. No claim is held for more than 30 seconds,
//! and no expired claim is claimed by many calls at once.

mod harness;

mod scenario;

mod scenarios;

mod violation;

use openrouter_oauth::transport::Timer;

use super::Claims;

pub use self::{
    scenario::Scenario,
    violation::{Violation, Violations},
};

/// Runs every scenario, one after another. `first` and `second` are clients of one store, with connections of their own
/// if it has any.
///
/// # Errors
///
/// Returns a violation for each scenario that failed.
pub async fn run<C: Claims>(first: &C, second: &C, timer: &dyn Timer) -> Result<(), Violations> {
    let mut violations = Vec::new();
    for scenario in scenarios() {
        violations.extend(scenario.run(first, second, timer).await.err());
    }
    Violations::check(violations, scenarios().len())
}

/// Returns all scenarios.
pub fn scenarios() -> impl ExactSizeIterator<Item = &'static Scenario> {
    scenarios::ALL.iter()
}
