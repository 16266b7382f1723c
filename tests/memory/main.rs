//! Searches the memory of this process for secrets after calls over sockets. With an allocator that zeroes freed
//! blocks, none is left. Without one, they are left only in freed blocks of hyper and rustls, and in the headers of a
//! response that ureq received.
//!
//! `tests/it/memory.rs` shows that without hyper and ureq no secret is left, even with the system's own allocator.
#![cfg(target_os = "linux")]
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a panic fails the test")]

/// Records which blocks hold a secret when they are freed.
mod allocator;

/// The calls, one for each way to end.
mod call;

/// Which crate owns a block.
mod owner;

/// The server, in another process.
mod repeater;

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
    sync::{Mutex, MutexGuard, PoisonError},
};

use openrouter_oauth_tests::masked::{self, MaskedSecret};

use crate::{
    allocator::{FreedBlock, WatchReport},
    call::{Call, Secrets},
    repeater::Repeater,
};

/// The crates that may leave a secret in a freed block. With ureq, the headers of a response are copies of `http`.
const LEAKING_CRATES: [&str; 3] = ["http", "hyper", "rustls"];

#[test]
fn zeroing_allocator_leaves_no_secret() {
    // S-2
    let _turn = take_turn();
    let repeater = Repeater::start();
    let mut zeroed = 0;
    for call in Call::all() {
        let (secrets, report) = watch(call, &repeater, true);
        assert_eq!(secrets.addresses().len(), 0, "whole copies after {call:?}");
        zeroed += report.freed.len();
    }
    assert!(zeroed > 0, "no zeroed block held a secret");
}

#[test]
fn default_allocator_leaves_secrets_only_in_other_crates() {
    // S-2
    let _turn = take_turn();
    let repeater = Repeater::start();
    let mut left: BTreeMap<_, [usize; 2]> = BTreeMap::new();
    for call in Call::all() {
        let (secrets, report) = watch(call, &repeater, false);
        let addresses = secrets.addresses();
        let unfreed = addresses.iter().filter(|address| !report.is_freed(**address)).count();
        assert_eq!(unfreed, 0, "copies in memory that was not freed, after {call:?}");
        for freed in &report.freed {
            let (name, function) = freed.owner();
            assert!(LEAKING_CRATES.contains(&name.as_str()), "{function} leaves a secret, after {call:?}");
            let [blocks, copies] = left.entry((call.is_secure, function)).or_default();
            *blocks += 1;
            *copies += addresses.iter().filter(|address| freed.block.contains(address)).count();
        }
    }
    print(&left);
    for is_secure in [false, true] {
        assert!(left.keys().any(|(of_secure, _)| *of_secure == is_secure), "no crate left a secret");
    }
}

#[test]
fn watch_finds_unwiped_secrets_and_their_owner() {
    let _turn = take_turn();
    for zeroes_freed in [false, true] {
        let (kept, freed) = (MaskedSecret::random(), MaskedSecret::random());
        allocator::begin(&[kept.clone(), freed.clone()], zeroes_freed);
        let live = kept.unmask();
        // Enough copies that later allocations cannot overwrite all of them.
        drop(black_box([(); 64].map(|()| freed.unmask().to_string())));
        let report = allocator::end();

        let addresses = masked::addresses(&[&kept]);
        assert!(!addresses.is_empty(), "a secret in use is not found");
        assert!(
            !addresses.iter().any(|address| report.is_freed(*address)),
            "a secret in use is reported as freed"
        );
        drop(live);
        assert_eq!(kept.copies(), 0, "a wiped secret is found");

        assert_eq!(report.freed.len(), 64);
        let addresses = masked::addresses(&[&freed]);
        assert_eq!(addresses.is_empty(), zeroes_freed, "a freed secret is found unless it was zeroed");
        assert!(addresses.iter().all(|address| report.is_freed(*address)));
        if !zeroes_freed {
            let owners: BTreeSet<_> = report.freed.iter().map(|freed| freed.owner().0).collect();
            assert_eq!(owners, BTreeSet::from(["memory".to_owned()]));
        }
    }
}

/// Makes a call while the allocator watches for its secrets.
fn watch(call: Call, repeater: &Repeater, zeroes_freed: bool) -> (Secrets, WatchReport) {
    let secrets = Secrets::random();
    allocator::begin(&secrets.all(), zeroes_freed);
    call.run(repeater, &secrets);
    (secrets, allocator::end())
}

impl WatchReport {
    /// Returns whether this address is in a freed block.
    fn is_freed(&self, address: usize) -> bool {
        let is_live = self.live.iter().any(|block| block.contains(&address));
        !is_live && self.freed.iter().any(|freed| freed.block.contains(&address))
    }
}

impl FreedBlock {
    /// Returns the crate and the function that allocated the block.
    fn owner(&self) -> (String, String) {
        self.allocated_at.as_ref().map(owner::owner_of).unwrap_or_default()
    }
}

#[expect(clippy::print_stdout, reason = "the test reports what other crates leave")]
fn print(left: &BTreeMap<(bool, String), [usize; 2]>) {
    println!("freed with a secret | whole copies found | function that allocated the buffer");
    for ((is_secure, function), [blocks, copies]) in left {
        println!("{blocks:>6} | {copies:>6} | {}: {function}", if *is_secure { "https" } else { "http" });
    }
}

/// The tests take turns, because they share one allocator and one memory.
fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
