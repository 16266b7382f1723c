//! The scenarios, grouped by the part of the contract that they check.

mod owner;

mod time;

mod winner;

use super::scenario::Scenario;

/// Names each scenario after its function.
macro_rules! scenarios {
    ($($module:ident :: $name:ident,)*) => {
        &[$(Scenario { name: stringify!($name), run: |harness| Box::pin($module::$name(harness)) },)*]
    };
}

pub(super) const ALL: &[Scenario] = scenarios! {
    winner::first_claim_wins,
    winner::one_of_many_concurrent_claims_wins,
    winner::same_owner_wins_again,
    winner::similar_ids_are_different_claims,
    winner::similar_owners_are_different_owners,
    owner::only_the_owner_settles,
    owner::only_the_owner_releases,
    owner::late_calls_spare_the_next_owner,
    owner::calls_without_a_claim_do_nothing,
    time::age_grows_until_release,
    time::claim_holds_until_it_expires,
    time::settled_claim_holds_until_it_expires,
    time::expired_claim_leaves_nothing_behind,
};
