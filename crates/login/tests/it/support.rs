//! What several of the tests need.

#[cfg(unix)]
pub(crate) mod store;
