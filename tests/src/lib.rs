//! What the tests of the whole workspace share: a scripted server, stages for the emulator, canaries, and second
//! opinions on encodings.
//!
//! Its functions panic where a test is to fail.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic fails the test"
)]

pub mod base64url;
pub mod canary;
pub mod fuzzed;
#[cfg(target_os = "linux")]
pub mod masked;
pub mod query;
pub mod testbed;
pub mod tls;
pub mod user;
