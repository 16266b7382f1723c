//! The crate as those see it who implement its traits.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod replay;
