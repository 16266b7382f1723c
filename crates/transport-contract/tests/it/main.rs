//! The contract, run against a transport that keeps it and against many that do not.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

mod blocking;
mod contract;
mod faulty;
mod server;
