//! Fakes for tests: transports that respond from memory, and a clock that tests move.
//!
//! They panic where a test should fail, so they belong in tests only.
#![expect(clippy::panic, reason = "a failed expectation fails the test that holds it")]

mod capture;

mod lock;

mod manual_timer;

mod never;

mod replay;

pub use self::{
    capture::Capture,
    manual_timer::ManualTimer,
    never::Never,
    replay::{Replay, ReplayStep},
};
