//! Tests of the messages against what the service sends.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers fail like tests"
)]

mod any;
mod by_field;
mod callback_url;
mod error_body;
mod exchange_body;
mod fields;
mod reason;
mod round_trip;
mod secrets;
