//! Tests of the scenarios and of the scripted server.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

mod blocking;
mod contract;
mod faulty;
mod server;
mod wine;
