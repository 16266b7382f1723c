//! A store of claims in memory, with one of many faults.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use openrouter_oauth::transport::BoxError;
use openrouter_oauth_web::{Claim, Claims};
use tokio::{task::yield_now, time::Instant};

/// A way to violate the contract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    // Faults in claims.
    EveryoneWins,
    ChecksBeforeItClaims,
    ClientsShareNothing,
    OwnerWinsOnce,
    OwnerWinsUntilItSettles,
    IgnoresCaseOfIds,
    CutsIds,
    MixesPunctuation,
    IgnoresCaseOfOwners,
    CutsOwners,
    // Faults in the other calls.
    EveryoneSettles,
    NobodySettles,
    SettlesInTurns,
    EveryoneReleases,
    NobodyReleases,
    ReleaseKeepsRow,
    SettleClaims,
    ReleaseFailsWithoutClaim,
    LateReleaseFrees,
    // Faults in time.
    AgeIsZero,
    AgeInMilliseconds,
    ClaimRenewsAge,
    SettleRenewsAge,
    ReleaseKeepsAge,
    ExpiresEarly,
    NeverExpires,
    SettleEndsClaim,
    SettleForgetsExpiry,
    ExpiryKeepsSettled,
    ExpiryKeepsAge,
    // Faults of the server.
    Hangs,
    Fails,
}

/// The scenarios, and the faults that each must find.
pub(crate) const FAULTS: &[(&str, Fault)] = &[
    ("first_claim_wins", Fault::EveryoneWins),
    ("first_claim_wins", Fault::ClientsShareNothing),
    ("first_claim_wins", Fault::Hangs),
    ("first_claim_wins", Fault::Fails),
    ("one_of_many_concurrent_claims_wins", Fault::ChecksBeforeItClaims),
    ("one_of_many_concurrent_claims_wins", Fault::ClientsShareNothing),
    ("same_owner_wins_again", Fault::OwnerWinsOnce),
    ("same_owner_wins_again", Fault::OwnerWinsUntilItSettles),
    ("similar_ids_are_different_claims", Fault::IgnoresCaseOfIds),
    ("similar_ids_are_different_claims", Fault::CutsIds),
    ("similar_ids_are_different_claims", Fault::MixesPunctuation),
    ("similar_owners_are_different_owners", Fault::IgnoresCaseOfOwners),
    ("similar_owners_are_different_owners", Fault::CutsOwners),
    ("only_the_owner_settles", Fault::EveryoneSettles),
    ("only_the_owner_settles", Fault::NobodySettles),
    ("only_the_owner_settles", Fault::SettlesInTurns),
    ("only_the_owner_releases", Fault::EveryoneReleases),
    ("only_the_owner_releases", Fault::NobodyReleases),
    ("only_the_owner_releases", Fault::ReleaseFailsWithoutClaim),
    ("late_calls_spare_the_next_owner", Fault::ReleaseKeepsRow),
    ("late_calls_spare_the_next_owner", Fault::LateReleaseFrees),
    ("late_calls_spare_the_next_owner", Fault::EveryoneSettles),
    ("calls_without_a_claim_do_nothing", Fault::SettleClaims),
    ("calls_without_a_claim_do_nothing", Fault::ReleaseFailsWithoutClaim),
    ("age_grows_until_release", Fault::AgeIsZero),
    ("age_grows_until_release", Fault::AgeInMilliseconds),
    ("age_grows_until_release", Fault::ClaimRenewsAge),
    ("age_grows_until_release", Fault::SettleRenewsAge),
    ("age_grows_until_release", Fault::ReleaseKeepsAge),
    ("claim_holds_until_it_expires", Fault::ExpiresEarly),
    ("claim_holds_until_it_expires", Fault::NeverExpires),
    ("settled_claim_holds_until_it_expires", Fault::SettleEndsClaim),
    ("settled_claim_holds_until_it_expires", Fault::SettleForgetsExpiry),
    ("expired_claim_leaves_nothing_behind", Fault::ExpiryKeepsSettled),
    ("expired_claim_leaves_nothing_behind", Fault::ExpiryKeepsAge),
    ("expired_claim_leaves_nothing_behind", Fault::EveryoneSettles),
];

/// A client of a store with one fault, or none.
pub(crate) struct FaultyClaims {
    fault: Option<Fault>,
    rows: Arc<Mutex<HashMap<String, Row>>>,
}

/// A claim. After a release, a row may remain, without a claim.
#[derive(Clone)]
struct Row {
    owner: Option<String>,
    since: Instant,
    until: Instant,
    settled: bool,
}

impl FaultyClaims {
    /// Creates two clients of one store.
    pub(crate) fn clients(fault: Option<Fault>) -> [Self; 2] {
        let shared = Arc::default();
        [(); 2].map(|()| {
            let rows =
                if fault == Some(Fault::ClientsShareNothing) { Arc::default() } else { Arc::clone(&shared) };
            Self { fault, rows }
        })
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Responds for the server.
    async fn respond(&self) -> Result<(), BoxError> {
        match self.fault {
            Some(Fault::Hangs) => pending().await,
            Some(Fault::Fails) => Err("the store is down".into()),
            _ => Ok(()),
        }
    }

    fn key(&self, id: &str) -> String {
        match self.fault {
            Some(Fault::IgnoresCaseOfIds) => id.to_lowercase(),
            Some(Fault::CutsIds) => id.chars().take(63).collect(),
            Some(Fault::MixesPunctuation) => id.replace('-', "_"),
            _ => id.to_owned(),
        }
    }

    fn owner(&self, owner: &str) -> String {
        match self.fault {
            Some(Fault::IgnoresCaseOfOwners) => owner.to_lowercase(),
            Some(Fault::CutsOwners) => owner.chars().take(32).collect(),
            _ => owner.to_owned(),
        }
    }

    fn row(&self, id: &str) -> Option<Row> {
        self.rows.lock().unwrap().get(&self.key(id)).cloned()
    }

    fn put(&self, id: &str, row: Row) {
        self.rows.lock().unwrap().insert(self.key(id), row);
    }

    /// Writes a new claim over the `old` row.
    fn insert(&self, id: &str, owner: &str, ttl: Duration, old: Option<&Row>) {
        let now = Instant::now();
        let until = match self.fault {
            Some(Fault::ExpiresEarly) => now + ttl / 2,
            Some(Fault::NeverExpires) => now + Duration::from_secs(1_000_000),
            _ => now + ttl,
        };
        let has_expired = old.is_some_and(|row| row.until <= now);
        let keeps_settled = (has_expired && self.has(Fault::ExpiryKeepsSettled))
            || (!has_expired && self.has(Fault::ReleaseKeepsRow));
        let keeps_age = (has_expired && self.has(Fault::ExpiryKeepsAge))
            || (!has_expired && self.has(Fault::ReleaseKeepsAge));
        let settled = old.is_some_and(|row| row.settled && keeps_settled);
        let since = old.filter(|_| keeps_age).map_or(now, |row| row.since);
        self.put(id, Row { owner: Some(owner.to_owned()), since, until, settled });
    }

    fn claim_again(&self, id: &str, owner: &str, mut row: Row) -> Claim {
        let is_own = row.owner.as_deref() == Some(owner);
        let loses =
            self.has(Fault::OwnerWinsOnce) || (row.settled && self.has(Fault::OwnerWinsUntilItSettles));
        if self.has(Fault::EveryoneWins) || (is_own && !loses) {
            if self.has(Fault::ClaimRenewsAge) {
                row.since = Instant::now();
                self.put(id, row);
            }
            return Claim::Won;
        }
        let age = Instant::now() - row.since;
        let age = match self.fault {
            Some(Fault::AgeIsZero) => Duration::ZERO,
            Some(Fault::AgeInMilliseconds) => age * 1000,
            _ => age,
        };
        Claim::Taken { settled: row.settled, age }
    }
}

impl Claims for FaultyClaims {
    async fn claim(&self, id: &str, owner: &str, ttl: Duration) -> Result<Claim, BoxError> {
        self.respond().await?;
        let (owner, row) = (self.owner(owner), self.row(id));
        if self.has(Fault::ChecksBeforeItClaims) {
            yield_now().await;
        }
        match row {
            Some(row) if row.owner.is_some() && row.until > Instant::now() => {
                Ok(self.claim_again(id, &owner, row))
            }
            old => {
                self.insert(id, &owner, ttl, old.as_ref());
                Ok(Claim::Won)
            }
        }
    }

    async fn settle(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.respond().await?;
        let owner = self.owner(owner);
        let Some(mut row) = self.row(id) else {
            if self.has(Fault::SettleClaims) {
                self.insert(id, &owner, Duration::from_secs(600), None);
            }
            return Ok(());
        };
        let is_own = row.owner.as_deref() == Some(&*owner) || self.has(Fault::EveryoneSettles);
        if !is_own || self.has(Fault::NobodySettles) {
            return Ok(());
        }
        row.settled = !(row.settled && self.has(Fault::SettlesInTurns));
        match self.fault {
            Some(Fault::SettleRenewsAge) => row.since = Instant::now(),
            Some(Fault::SettleForgetsExpiry) => row.until += Duration::from_secs(1_000_000),
            Some(Fault::SettleEndsClaim) => row.owner = None,
            _ => {}
        }
        self.put(id, row);
        Ok(())
    }

    async fn release(&self, id: &str, owner: &str) -> Result<(), BoxError> {
        self.respond().await?;
        let owner = self.owner(owner);
        let Some(mut row) = self.row(id).filter(|row| row.owner.is_some()) else {
            let fails = self.has(Fault::ReleaseFailsWithoutClaim);
            return if fails { Err("there is no such claim".into()) } else { Ok(()) };
        };
        // In the scenarios, `first` is the earlier owner.
        let is_late = self.has(Fault::LateReleaseFrees) && owner == "first";
        let is_own = row.owner.as_deref() == Some(&*owner) || self.has(Fault::EveryoneReleases) || is_late;
        if is_own && !self.has(Fault::NobodyReleases) {
            row.owner = None;
            self.put(id, row);
        }
        Ok(())
    }
}
