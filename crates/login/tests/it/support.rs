//! Helpers for several of the tests.

#[cfg(unix)]
pub(crate) mod store;
