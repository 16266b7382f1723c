//! What is left of secrets in the memory of this process after calls over sockets: with an allocator that zeroes what is
//! freed nothing, and without one what hyper and rustls leave. (S-2)
//!
//! `tests/it/memory.rs` shows by the system's own allocator that without hyper nothing is left.
#![cfg(target_os = "linux")]
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a panic fails the test")]

/// Sees what is freed.
mod allocator;

/// The calls that are made.
mod call;

/// Whose a block is.
mod owner;

/// The server, in a process of its own.
mod repeater;

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
    sync::{Mutex, MutexGuard, PoisonError},
};

use openrouter_oauth_tests::masked::{self, MaskedSecret};

use crate::{
    allocator::{Freed, Seen},
    call::{Call, Secrets},
    repeater::Repeater,
};

/// Who may leave a secret in memory that was freed.
const OTHERS: [&str; 2] = ["hyper", "rustls"];

#[test]
fn zeroing_allocator_leaves_no_secret() {
    // S-2
    let _alone = alone();
    let repeater = Repeater::start();
    let mut zeroed = 0;
    for call in Call::all() {
        let (secrets, seen) = watch(call, &repeater, true);
        assert_eq!(secrets.places().len(), 0, "whole copies after {call:?}");
        zeroed += seen.freed.len();
    }
    assert!(zeroed > 0, "nothing that was zeroed held a secret");
}

#[test]
fn default_allocator_leaves_secrets_only_in_hyper_and_rustls() {
    // S-2
    let _alone = alone();
    let repeater = Repeater::start();
    let mut left: BTreeMap<_, [usize; 2]> = BTreeMap::new();
    for call in Call::all() {
        let (secrets, seen) = watch(call, &repeater, false);
        let places = secrets.places();
        let others = places.iter().filter(|place| !seen.is_freed(**place)).count();
        assert_eq!(others, 0, "copies in memory that was not freed, after {call:?}");
        for freed in &seen.freed {
            let (name, function) = freed.owner();
            assert!(OTHERS.contains(&name.as_str()), "{function} leaves a secret, after {call:?}");
            let [blocks, copies] = left.entry((call.is_secure, function)).or_default();
            *blocks += 1;
            *copies += places.iter().filter(|place| freed.block.contains(place)).count();
        }
    }
    print(&left);
    for is_secure in [false, true] {
        assert!(left.keys().any(|(of_secure, _)| *of_secure == is_secure), "nobody left anything");
    }
}

#[test]
fn watch_finds_unwiped_secrets_and_their_owner() {
    let _alone = alone();
    for zeroes in [false, true] {
        let (kept, freed) = (MaskedSecret::random(), MaskedSecret::random());
        allocator::begin(&[kept.clone(), freed.clone()], zeroes);
        let live = kept.unmask();
        // So many that later blocks do not take the place of all.
        drop(black_box([(); 64].map(|()| freed.unmask().to_string())));
        let seen = allocator::end();

        let places = masked::addresses(&[&kept]);
        assert!(!places.is_empty(), "what is in use is not found");
        assert!(!places.iter().any(|place| seen.is_freed(*place)), "what is in use counts as freed");
        drop(live);
        assert_eq!(kept.copies(), 0, "what was wiped is found");

        assert_eq!(seen.freed.len(), 64);
        let places = masked::addresses(&[&freed]);
        assert_eq!(places.is_empty(), zeroes, "what was freed is found unless it was zeroed");
        assert!(places.iter().all(|place| seen.is_freed(*place)));
        if !zeroes {
            let owners: BTreeSet<_> = seen.freed.iter().map(|freed| freed.owner().0).collect();
            assert_eq!(owners, BTreeSet::from(["memory".to_owned()]));
        }
    }
}

/// Makes a call, and tells what the allocator saw of its secrets.
fn watch(call: Call, repeater: &Repeater, zeroes: bool) -> (Secrets, Seen) {
    let secrets = Secrets::random();
    allocator::begin(&secrets.all(), zeroes);
    call.run(repeater, &secrets);
    (secrets, allocator::end())
}

impl Seen {
    /// Whether what stands there was left in a block that was freed.
    fn is_freed(&self, place: usize) -> bool {
        let is_live = self.live.iter().any(|block| block.contains(&place));
        !is_live && self.freed.iter().any(|freed| freed.block.contains(&place))
    }
}

impl Freed {
    /// The crate that asked for the block, and the function.
    fn owner(&self) -> (String, String) {
        self.asker.as_ref().map(owner::of).unwrap_or_default()
    }
}

#[expect(clippy::print_stdout, reason = "what is not ours is measured")]
fn print(left: &BTreeMap<(bool, String), [usize; 2]>) {
    println!("freed with a secret | whole copies found | by a buffer that this asked for");
    for ((is_secure, function), [blocks, copies]) in left {
        println!("{blocks:>6} | {copies:>6} | {}: {function}", if *is_secure { "https" } else { "http" });
    }
}

/// There is one allocator, and one memory.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
