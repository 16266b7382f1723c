//! Keeps the text of others from controlling the terminal.

use openrouter_oauth::models::is_invisible;

/// Replaces invisible and bidirectional control characters with U+FFFD.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if is_control(character) { char::REPLACEMENT_CHARACTER } else { character })
        .collect()
}

/// Joiners only shape what is seen: emoji and Persian are written with them.
fn is_control(character: char) -> bool {
    is_invisible(character) && !matches!(character, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_replaces_control_characters() {
        for character in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{200e}',
            '\u{202e}',
            '\u{2069}',
            '\u{e0041}',
        ] {
            assert_eq!(printable(&format!("a{character}b")), "a\u{fffd}b", "{character:?}");
        }
        for text in ["", "my-cli on my-host", "é→🦀", "👩\u{200d}🚀", "می\u{200c}خواهم"] {
            assert_eq!(printable(text), text);
        }
    }
}
