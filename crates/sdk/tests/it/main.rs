//! Tests of calls on in-memory transports, with a clock that tests control.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic in a helper fails the test")]

/// Hooks, which see, change, and reject requests.
mod hooks;
/// The settings for retries, and their budget.
mod retry;
/// The error of a spent sign-in.
mod spent;
/// The `tracing` events of attempts.
#[cfg(feature = "tracing")]
mod tracing_hook;
/// The error for an unknown outcome.
mod unknown;
/// The wall clock.
mod wall_clock;

mod support;
