//! How calls are sent, on transports in memory and a clock that tests move.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

/// What hooks see, change and reject.
mod hooks;
/// What retries can be set to, and their budget.
mod retry;
/// What a sign-in says that cannot be used again.
mod spent;
/// What `tracing` is told.
#[cfg(feature = "tracing")]
mod tracing_hook;
/// What an unknown outcome reports.
mod unknown;

mod support;
