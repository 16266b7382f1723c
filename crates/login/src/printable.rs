//! Keeps what others wrote from doing more to a terminal than showing itself.

use openrouter_oauth::models::is_invisible;

/// `text` with a replacement character for each that cannot be seen and acts on what is around it.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if acts(character) { char::REPLACEMENT_CHARACTER } else { character })
        .collect()
}

/// Joiners do nothing but to shape what is seen: emoji and Persian are written with them.
fn acts(character: char) -> bool {
    is_invisible(character) && !matches!(character, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_replaces_characters_that_act() {
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
