//! Sign-in for web applications: with real stores of claims.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy treats only test functions as tests"
)]

/// The examples, as programs.
mod examples;

/// Several instances behind a proxy, with shared claims.
mod fleet;

/// Floods of junk callbacks and of begins.
mod flood;

/// The code of axum's how-to pages.
mod how_to;

/// Attacks on the user of a sign-in, and users who change in the middle of one.
mod identity;

/// No secret appears in a log, a page, or a header.
mod secrets;

/// The servers themselves: they start, lose or keep their data, and stop.
mod servers;

/// Stores of claims on real servers: their contract, and what happens when the server fails.
mod stores;

/// The example, whose store the tests use.
#[expect(dead_code, reason = "the tests need only the store")]
#[path = "../../crates/web/examples/postgres_claims.rs"]
mod postgres_claims;

// Shared by the tests of whole sign-ins.
mod app;
mod browser;
mod wait;

// Shared with the program `faults`.
#[path = "../src/bin/faults/traces.rs"]
mod traces;
