//! Scenarios: exactly one owner wins a claim.

use crate::claims::{
    Claim,
    contract::harness::{Harness, LONG, Outcome, ensure, random_name},
};

/// The length of the longest ID and owner.
const LONGEST: usize = 64;

/// The characters of IDs and owners, in two halves that leave room for a random name.
const CHARACTERS: [&str; 2] = ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", "ghijklmnopqrstuvwxyz0123456789-_"];

pub(super) async fn first_claim_wins(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.win(&id, "first", LONG).await?;
    let (settled, _) = harness.see(&id, "second").await?;
    ensure(!settled, || "a new claim is already settled".to_owned())?;
    harness.see(&id, "third").await?;
    harness.win(&random_name(), "second", LONG).await
}

pub(super) async fn one_of_many_concurrent_claims_wins(harness: &Harness<'_>) -> Outcome {
    // Each round has a new chance to find a race.
    for _ in 0..10 {
        let owners: Vec<_> = (0..50).map(|number| format!("owner-{number}")).collect();
        let claims = harness.claim_at_once(&random_name(), &owners).await?;
        let won = claims.iter().filter(|claim| **claim == Claim::Won).count();
        ensure(won == 1, || format!("{won} of {} concurrent claims won", owners.len()))?;
    }
    Ok(())
}

pub(super) async fn same_owner_wins_again(harness: &Harness<'_>) -> Outcome {
    let id = random_name();
    harness.win(&id, "first", LONG).await?;
    harness.see(&id, "second").await?;
    let again = harness.claim(&id, "first", LONG).await?;
    ensure(again == Claim::Won, || format!("the owner did not win again: {again:?}"))?;
    harness.see(&id, "second").await?;
    harness.settle(&id, "first").await?;
    let again = harness.claim(&id, "first", LONG).await?;
    ensure(again == Claim::Won, || format!("the owner did not win again after it settled: {again:?}"))
}

pub(super) async fn similar_ids_are_different_claims(harness: &Harness<'_>) -> Outcome {
    for id in similar_names() {
        let owner = random_name();
        let free = harness.win(&id, &owner, LONG).await;
        free.map_err(|error| format!("with the ID `{id}`: {error}"))?;
        harness.see(&id, "second").await?;
    }
    Ok(())
}

pub(super) async fn similar_owners_are_different_owners(harness: &Harness<'_>) -> Outcome {
    let names = similar_names();
    for owner in &names {
        let id = random_name();
        harness.win(&id, owner, LONG).await?;
        for other in names.iter().filter(|other| *other != owner) {
            harness.see(&id, other).await?;
            harness.release(&id, other).await?;
        }
        let again = harness.claim(&id, owner, LONG).await?;
        ensure(again == Claim::Won, || format!("the owner `{owner}` did not win again: {again:?}"))?;
    }
    Ok(())
}

/// Names that a store could mix up: it could ignore the case, cut long ones, or take `_` or `-` for something else.
fn similar_names() -> Vec<String> {
    let name = random_name();
    let longest = format!("{name}{}", "x".repeat(LONGEST - 1 - name.len()));
    let mut names = vec![format!("{longest}y"), format!("{longest}z"), longest];
    names.extend(["", "a", "A", "-", "_", "--", "0"].map(|end| format!("{name}{end}")));
    names.extend(["-", "_", "0"].map(|start| format!("{start}{name}")));
    names.extend(CHARACTERS.map(|start| format!("{start}{name}")));
    names
}
