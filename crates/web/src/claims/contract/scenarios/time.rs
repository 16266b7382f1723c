//! Scenarios: a claim has an age, and expires.

use std::time::Duration;

use openrouter_oauth::transport::BoxError;

use crate::claims::contract::harness::{Harness, LONG, Outcome, ensure, random_name};

/// How precise the store's clock must be. A store may count whole seconds.
const PRECISION: Duration = Duration::from_secs(1);

/// The lifetime of a claim that is to expire. If the machine is too busy to see such a claim before its end, a longer one
/// follows.
const LIFETIMES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(32)];

pub(super) async fn age_grows_until_release(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    let before = harness.now();
    harness.win(&id, "first", LONG).await?;
    let claimed = harness.now();
    harness.sleep(Duration::from_millis(2500)).await;
    // Neither call makes the claim younger.
    harness.win(&id, "first", LONG).await?;
    harness.settle(&id, "first").await?;

    let youngest = harness.since(claimed).saturating_sub(PRECISION);
    let (_, age) = harness.see(&id, "second").await?;
    let oldest = harness.since(before) + PRECISION;
    ensure((youngest..=oldest).contains(&age), || {
        format!("the age of a claim is {age:?}, but must be from {youngest:?} to {oldest:?}")
    })?;
    harness.release(&id, "first").await?;
    let before = harness.now();
    harness.win(&id, "second", LONG).await?;
    let (_, age) = harness.see(&id, "first").await?;
    let oldest = harness.since(before) + PRECISION;
    ensure(age <= oldest, || format!("the age of a new claim is {age:?}, but must be up to {oldest:?}"))
}

pub(super) async fn claim_holds_until_it_expires(harness: &Harness<'_>) -> Outcome {
    expire(harness, false).await.map(|_id| ())
}

pub(super) async fn settled_claim_holds_until_it_expires(harness: &Harness<'_>) -> Outcome {
    expire(harness, true).await.map(|_id| ())
}

pub(super) async fn expired_claim_leaves_nothing_behind(harness: &Harness<'_>) -> Outcome {
    let id = expire(harness, true).await?;
    let (settled, age) = harness.see(&id, "third").await?;
    ensure(!settled, || "the claim is settled, like the expired one".to_owned())?;
    ensure(age < *LIFETIMES.first().unwrap_or(&LONG), || format!("the age of a new claim is {age:?}"))?;
    // The expired owner's calls arrive late.
    harness.settle(&id, "first").await?;
    harness.release(&id, "first").await?;
    let (settled, _) = harness.see(&id, "first").await?;
    ensure(!settled, || "the expired owner settled the next owner's claim".to_owned())
}

/// Claims a new ID for `first`, and lets the claim expire. Checks that others cannot have it before, and that `second`
/// wins it afterward. Returns the ID.
async fn expire(harness: &Harness<'_>, settled: bool) -> Result<String, BoxError> {
    for ttl in LIFETIMES {
        let id = random_name();
        let begin = harness.now();
        harness.win(&id, "first", ttl).await?;
        let claimed = harness.now();
        if settled {
            harness.settle(&id, "first").await?;
        }
        harness.sleep((ttl / 4 * 3).saturating_sub(harness.since(begin))).await;
        let seen = harness.see(&id, "second").await;
        if harness.since(begin) >= ttl {
            continue;
        }
        seen.map_err(|error| format!("before the claim expired: {error}"))?;
        harness.sleep((ttl + PRECISION).saturating_sub(harness.since(claimed))).await;
        let freed = harness.win(&id, "second", LONG).await;
        freed.map_err(|error| format!("after the claim expired: {error}"))?;
        return Ok(id);
    }
    Err("the machine or the store was too slow to see a claim before it expired".into())
}
