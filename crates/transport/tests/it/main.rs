//! The fakes, as a test uses them.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod replay;
