//! The fuzz targets: checks of every parser of outside input, for any input.
//!
//! Each function takes one input and panics if the parser breaks a promise. `tests/fuzz` passes it libFuzzer's inputs.
//! `tests/it/corpus.rs` passes it the committed inputs and random bytes. The parts of an input are on separate lines,
//! so that people can read and write inputs.

mod base_url;
mod callback;
mod callback_url;
mod emulator;
mod error_body;
mod listener;
mod retry_after;
mod server_text;
mod stored_sign_in;
mod success_body;
mod timestamp;
mod web_cookie;

// Shared by the targets.
mod checks;
mod lines;
mod poll;

pub use self::{
    base_url::base_url, callback::callback, callback_url::callback_url, emulator::emulator,
    error_body::error_body, listener::listener, retry_after::retry_after, server_text::server_text,
    stored_sign_in::stored_sign_in, success_body::success_body, timestamp::timestamp, web_cookie::web_cookie,
};

/// The name and the function of a target. The folders of its corpus and regressions have the same name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 12] = [
    ("base_url", base_url),
    ("callback", callback),
    ("callback_url", callback_url),
    ("emulator", emulator),
    ("error_body", error_body),
    ("listener", listener),
    ("retry_after", retry_after),
    ("server_text", server_text),
    ("stored_sign_in", stored_sign_in),
    ("success_body", success_body),
    ("timestamp", timestamp),
    ("web_cookie", web_cookie),
];
