//! Helpers for tests of the whole workspace: the emulator with a client ([`testbed`]), users, a browser, Redis and
//! PostgreSQL (`servers`), TLS for the scripted server, canaries, and independent decoders.
//!
//! The functions panic to fail the test.
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
pub mod fields;
pub mod fuzzed;
#[cfg(target_os = "linux")]
pub mod masked;
#[cfg(unix)]
pub mod open_files;
pub mod poll;
pub mod query;
#[cfg(target_os = "linux")]
pub mod servers;
pub mod testbed;
pub mod tls;
pub mod user;
pub mod webdriver;

use std::error::Error;

// The emulator's crate may not depend on the SDK, so its documentation for SDK users is tested here.
#[cfg(doctest)]
#[doc = include_str!("../../crates/emulator/docs/with-the-sdk.md")]
struct WithTheSdk;

// The transport may not depend on the SDK either.
#[cfg(doctest)]
#[doc = include_str!("../../crates/transport-reqwest/README.md")]
struct TransportReqwest;

/// The result of a program of this package, which prints any error and exits.
pub type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
