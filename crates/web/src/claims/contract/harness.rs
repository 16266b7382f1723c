//! The context and helpers of scenarios.

use std::{
    future::{Future, poll_fn},
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use openrouter_oauth::transport::{BoxError, Instant, Timer, within};

use crate::claims::{
    Claim,
    erased::{ClaimsFuture, ErasedClaims},
};

/// The result of a scenario. An error describes how the store violated the contract.
pub(super) type Outcome = Result<(), BoxError>;

pub(super) type ScenarioFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// The lifetime of claims in scenarios that do not test it.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Two clients of the store under test.
pub(super) struct Harness<'a> {
    pub(super) first: &'a dyn ErasedClaims,
    pub(super) second: &'a dyn ErasedClaims,
    pub(super) timer: &'a dyn Timer,
}

impl Harness<'_> {
    /// Claims `id` for `owner` through the first client.
    pub(super) async fn claim(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, BoxError> {
        self.within(self.first.claim(id, owner, ttl)).await
    }

    /// Claims `id` for `owner` through the first client, and expects to win.
    pub(super) async fn win(&self, id: &str, owner: &str, ttl: Duration) -> Outcome {
        match self.claim(id, owner, ttl).await? {
            Claim::Won => Ok(()),
            taken @ Claim::Taken { .. } => {
                Err(format!("`{owner}` did not win a free claim: {taken:?}").into())
            }
        }
    }

    /// Claims `id` for `owner` through the second client, and expects that another owner holds the claim. Returns whether
    /// it is settled, and its age.
    pub(super) async fn see(&self, id: &str, owner: &str) -> Result<(bool, Duration), BoxError> {
        match self.within(self.second.claim(id, owner, LONG)).await? {
            Claim::Taken { settled, age } => Ok((settled, age)),
            Claim::Won => Err(format!("`{owner}` won a claim that another owner holds").into()),
        }
    }

    /// Settles the claim through the second client.
    pub(super) async fn settle(&self, id: &str, owner: &str) -> Outcome {
        self.within(self.second.settle(id, owner)).await
    }

    /// Releases the claim through the second client.
    pub(super) async fn release(&self, id: &str, owner: &str) -> Outcome {
        self.within(self.second.release(id, owner)).await
    }

    /// Claims `id` for each of the `owners` at once, through both clients in turn, and returns the results in order.
    pub(super) async fn claim_at_once(&self, id: &str, owners: &[String]) -> Result<Vec<Claim>, BoxError> {
        let clients = [self.first, self.second].into_iter().cycle();
        let claims = owners.iter().zip(clients).map(|(owner, client)| client.claim(id, owner, LONG));
        self.within(all(claims)).await
    }

    pub(super) fn now(&self) -> Instant {
        self.timer.now()
    }

    pub(super) fn since(&self, instant: Instant) -> Duration {
        self.now().saturating_duration_since(instant)
    }

    pub(super) async fn sleep(&self, duration: Duration) {
        self.timer.sleep(duration).await;
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        let result = within(self.timer, CALL_TIMEOUT, call).await;
        result.unwrap_or_else(|| Err(format!("the store did not respond within {CALL_TIMEOUT:?}").into()))
    }
}

/// Runs all futures concurrently, and returns their outputs in order, or the first error.
async fn all<'a, T>(futures: impl Iterator<Item = ClaimsFuture<'a, T>>) -> Result<Vec<T>, BoxError> {
    let mut running: Vec<_> = futures.map(|future| (future, None)).collect();
    poll_fn(|context| {
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                *output = Some(result);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

/// Returns a random name, so that scenarios can run again on the same store.
pub(super) fn random_name() -> String {
    // The standard library's only source of random numbers: each `RandomState` has its own key.
    let random = || RandomState::new().hash_one(());
    format!("{:016x}{:016x}", random(), random())
}

/// Returns an error with the text of `otherwise` unless `condition` is true.
pub(super) fn ensure(condition: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise().into()) }
}
