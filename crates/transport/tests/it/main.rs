//! Tests of the fakes.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod replay;
