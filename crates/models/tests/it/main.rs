//! The messages, held against what the service really sends.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests fail as tests do"
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
