//! The call that wins the claim of an attempt, and the calls that wait for it.

use std::time::Duration;

use openrouter_oauth::transport::BoxError;

use crate::{
    claimant::{Claimant, STORE_TIMEOUT},
    claims::Claim,
    permits::Permit,
};

/// The result of [`claim`].
pub(super) enum Claimed {
    Won(Claimant, Permit),
    Lost(Rival),
    /// Another call gave the claim back while this one waited. Nothing was sent, or OpenRouter is busy.
    Released,
    /// The store failed, so this call may send nothing.
    Failed(BoxError),
}

/// Another call that holds the claim, as far as this one waited for it.
pub(super) enum Rival {
    /// It ended the attempt.
    Ended,
    /// It did not end the attempt in time, so it may have created a key that was lost.
    Unknown,
    /// It may still exchange the code. A reload after this time shows more.
    Running(Duration),
}

/// How long a call waits for another one. Less than the timeouts of proxies: if each call of the store takes as long as
/// it may, a callback that waits takes 35 s.
const MAX_WAIT: Duration = Duration::from_secs(15);

/// The first pause between two looks at the store. Each is twice as long as the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// By how much the claim of a running exchange may be older than the exchange: two calls to claim, the application that
/// stores the key, one call to settle, and the call that measures the age.
const MARGIN: Duration = Duration::from_secs(4 * STORE_TIMEOUT.as_secs() + STORING.as_secs());

/// How long the application may take to store the key. A reload after that might say that the outcome is unknown.
const STORING: Duration = Duration::from_secs(20);

/// How long an exchange may take if the client has no deadline: as long as a code works.
pub(super) const WITHOUT_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// How long a user waits before a reload, at most. Most exchanges end well before their deadline.
const RELOAD: Duration = Duration::from_secs(5);

pub(super) async fn claim(claimant: Claimant, permit: Permit) -> Claimed {
    // If only the response to the first call was lost, the second call wins as well.
    let first = claimant.claim().await;
    let claimed = if first.is_err() { claimant.claim().await } else { first };
    match claimed {
        Ok(Claim::Won) => Claimed::Won(claimant, permit),
        Ok(Claim::Taken { settled, age }) => {
            // A call that only waits takes no permit from those that exchange.
            drop(permit);
            wait(claimant, settled, age).await
        }
        Err(error) => failed(&claimant, error).await,
    }
}

/// Gives the claim back, which the store may have recorded.
async fn failed(claimant: &Claimant, error: BoxError) -> Claimed {
    claimant.release().await;
    Claimed::Failed(error)
}

/// Waits for the call that holds the claim.
async fn wait(claimant: Claimant, mut settled: bool, mut age: Duration) -> Claimed {
    let settings = &*claimant.settings;
    let limit = settings.client.timeout().unwrap_or(WITHOUT_DEADLINE).saturating_add(MARGIN);
    let (start, mut pause) = (settings.timer.now(), FIRST_PAUSE);
    let permit = settings.waiting.try_acquire();
    loop {
        if settled {
            return Claimed::Lost(Rival::Ended);
        }
        if age >= limit {
            return Claimed::Lost(Rival::Unknown);
        }
        if permit.is_none() {
            return Claimed::Lost(Rival::Running(RELOAD));
        }
        let waited = settings.timer.now().saturating_duration_since(start);
        if waited >= MAX_WAIT {
            return Claimed::Lost(Rival::Running(limit.saturating_sub(age).min(RELOAD)));
        }
        settings.timer.sleep(pause.min(MAX_WAIT.saturating_sub(waited))).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
        match claimant.claim().await {
            Ok(Claim::Taken { settled: is_settled, age: new_age }) => (settled, age) = (is_settled, new_age),
            Ok(Claim::Won) => {
                // The other call released the claim, and told its user to try again. If every waiting call then
                // exchanged the code, a busy service would get all of them one after another. If this future is dropped
                // before the release, the claim stays, and the outcome counts as unknown.
                claimant.release().await;
                return Claimed::Released;
            }
            Err(error) => return failed(&claimant, error).await,
        }
    }
}
