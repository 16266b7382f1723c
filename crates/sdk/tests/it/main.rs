//! Tests of calls on in-memory transports, with a clock that tests control.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic in a helper fails the test")]

/// The client whose calls block.
#[cfg(feature = "blocking")]
mod blocking;
/// Hooks, which see, change, and reject requests.
mod hooks;
/// The host that may be called over plain `http`.
mod http_host;
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
