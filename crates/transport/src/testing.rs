//! Fakes for tests: transports that respond from memory, and a clock that tests control.
//!
//! Use them only in tests. Their checks panic to fail the test.
#![expect(clippy::panic, reason = "a failed check fails the test")]

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
