//! The listener on sockets: which requests settle a sign-in, and which responses a browser gets.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

// Shared by the other modules.
mod fixture;

mod crowd;
mod cut;
mod garbage;
mod headers;
mod port;
mod query;
mod responses;
mod routes;
