//! Scenarios: only the owner of a claim changes it.

use crate::claims::contract::harness::{Harness, LONG, Outcome, ensure, random_name};

pub(super) async fn only_the_owner_settles(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.win(&id, "first", LONG).await?;
    harness.settle(&id, "second").await?;
    let (settled, _) = harness.see(&id, "third").await?;
    ensure(!settled, || "another owner settled the claim".to_owned())?;
    for call in ["first", "repeated"] {
        harness.settle(&id, "first").await?;
        let (settled, _) = harness.see(&id, "second").await?;
        ensure(settled, || format!("the claim is not settled after the {call} call of its owner"))?;
    }
    Ok(())
}

pub(super) async fn only_the_owner_releases(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.win(&id, "first", LONG).await?;
    harness.release(&id, "second").await?;
    let kept = harness.see(&id, "second").await;
    kept.map_err(|error| format!("after another owner's release: {error}"))?;
    harness.release(&id, "first").await?;
    harness.release(&id, "first").await?;
    let freed = harness.win(&id, "second", LONG).await;
    freed.map_err(|error| format!("after the owner's release: {error}"))?;
    let (settled, _) = harness.see(&id, "third").await?;
    ensure(!settled, || "the next claim is already settled".to_owned())
}

pub(super) async fn late_calls_spare_the_next_owner(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.win(&id, "first", LONG).await?;
    harness.settle(&id, "first").await?;
    harness.release(&id, "first").await?;
    harness.win(&id, "second", LONG).await?;
    for _ in 0..2 {
        harness.release(&id, "first").await?;
        harness.settle(&id, "first").await?;
    }
    let (settled, _) = harness.see(&id, "third").await?;
    ensure(!settled, || "the earlier owner settled the next owner's claim".to_owned())
}

pub(super) async fn calls_without_a_claim_do_nothing(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.release(&id, "first").await?;
    // Last, because a release could remove what it left behind.
    harness.settle(&id, "first").await?;
    let free = harness.win(&id, "second", LONG).await;
    free.map_err(|error| format!("after calls without a claim: {error}"))?;
    let (settled, _) = harness.see(&id, "first").await?;
    ensure(!settled, || "a call before the claim settled it".to_owned())
}
