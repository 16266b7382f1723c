//! Helpers for several of the tests.

pub(crate) mod store;
