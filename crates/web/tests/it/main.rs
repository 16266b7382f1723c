//! Tests of sign-ins in memory: a browser, an application, and the emulator.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a panic in a helper fails the test")]

/// The beginning: who may begin, and what a cookie can carry.
mod begin;
/// What a sign-in is bound to.
mod binding;
/// Settings and keys.
mod builder;
/// The order of the checks.
mod callback;
/// The claim before an exchange.
mod claims;
/// The contract of a store of claims.
mod contract;
/// A random generator that fails.
mod entropy;
/// A store of claims, with one of many faults.
mod faulty_claims;
/// Whole sign-ins.
mod flow;
/// Golden headers.
mod headers;
/// Hostile input.
mod hostile;
/// Two calls for one attempt.
mod rivals;
/// Keys that are sealed for a database.
mod sealed_key;
/// Secrets in responses, errors, and cookies.
mod secrets;
/// A store of claims that fails.
mod store;
mod support;
/// The clock of tokio.
mod tokio_timer;
