//! Checks of every parser that reads input from outside, for any input.
//!
//! Each function takes one input and panics if the parser breaks a promise. `tests/fuzz` passes them the inputs of
//! libFuzzer. `tests/it/corpus.rs` passes them the committed inputs and random bytes. The parts of an input are on separate
//! lines, so that a human can read and write one.

use std::{
    error::Error,
    pin::pin,
    task::{Context, Poll, Waker},
};

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

pub use self::{
    base_url::base_url, callback::callback, callback_url::callback_url, emulator::emulator,
    error_body::error_body, listener::listener, retry_after::retry_after, server_text::server_text,
    stored_sign_in::stored_sign_in, success_body::success_body, timestamp::timestamp,
};

/// The name of a function of this module, and the function. The folders of its corpus and regressions have the same name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
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
];

/// Checks that an error and its causes print no control character, no change of the writing direction, and none of `secrets`.
#[track_caller]
fn assert_fit_to_show(error: &(dyn Error + 'static), secrets: &[&str]) {
    let mut next = Some(error);
    while let Some(error) = next {
        for text in [error.to_string(), format!("{error:?}")] {
            assert_printable(&text);
            for secret in secrets {
                assert!(!text.contains(secret), "{secret} shows in {text:?}");
            }
        }
        next = error.source();
    }
}

/// Checks that a terminal would only show `text` and obey nothing in it (UAX #9 lists the changes of direction).
#[track_caller]
fn assert_printable(text: &str) {
    let changes_direction = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(|c: char| c.is_control() || changes_direction(c)), "{text:?}");
}

/// The output of a future after one poll, or `None` if it is not ready.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// The first line of an input, and the rest.
fn split_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}
