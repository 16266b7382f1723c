//! Checks of text for a terminal or a log.

use std::error::Error;

/// Checks that an error and its causes print no control character, no change of the writing direction, and none of
/// `secrets`.
#[track_caller]
pub(super) fn assert_fit_to_show(error: &(dyn Error + 'static), secrets: &[&str]) {
    let mut next = Some(error);
    while let Some(error) = next {
        for text in [error.to_string(), format!("{error:?}")] {
            assert_printable(&text);
            for secret in secrets {
                assert!(!text.contains(secret), "{secret} appears in {text:?}");
            }
        }
        next = error.source();
    }
}

/// Checks that `text` contains nothing that a terminal would execute, and no change of direction (listed in UAX #9).
#[track_caller]
pub(super) fn assert_printable(text: &str) {
    let changes_direction = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(|c: char| c.is_control() || changes_direction(c)), "{text:?}");
}
