//! The crate as those see it who implement its traits.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

mod replay;
