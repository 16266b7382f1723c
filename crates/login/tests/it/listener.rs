//! The listener, over sockets: what settles a sign-in, what does not, and what a browser is told.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test; clippy knows only test functions for tests"
)]

// What the others share.
mod fixture;

mod crowd;
mod cut;
mod garbage;
mod headers;
mod port;
mod query;
mod responses;
mod routes;
