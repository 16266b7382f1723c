//! Keeps what others wrote from doing more to a terminal than showing itself.

/// `text` with a replacement character for each that cannot be seen and acts on what is around it: control characters,
/// which begin a terminal's commands, and those that turn the direction of writing or break lines.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if acts(character) { char::REPLACEMENT_CHARACTER } else { character })
        .collect()
}

fn acts(character: char) -> bool {
    matches!(
        character,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    ) || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_replaced() {
        for character in
            ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{200e}', '\u{202e}', '\u{2069}']
        {
            assert_eq!(printable(&format!("a{character}b")), "a\u{fffd}b", "{character:?}");
        }
        // Emoji and Persian are written with joiners.
        for text in ["", "my-cli on my-host", "é→🦀", "👩\u{200d}🚀", "می\u{200c}خواهم"] {
            assert_eq!(printable(text), text);
        }
    }
}
