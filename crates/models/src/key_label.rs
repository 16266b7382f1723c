//! The label of a key.

use crate::{
    server_text::is_hidden,
    text::{FromText, InvalidValue, plain_text},
};

plain_text! {
    /// A key's label, its name in the user's list of keys: 1 to 100 characters. Control characters and invisible
    /// characters are not allowed, except for the joiners that emoji and some scripts need.
    ///
    /// By default, OpenRouter uses the name of the app. For a program on the user's machine, that is `host:port`.
    #[doc(alias = "key_label")]
    KeyLabel
}

impl FromText for KeyLabel {
    const WHAT: &'static str = "key label";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| Err(InvalidValue::new(Self::WHAT, problem));
        if text.trim().is_empty() {
            return invalid("is empty");
        }
        if text.chars().nth(100).is_some() {
            return invalid("is longer than 100 characters");
        }
        if text.chars().any(is_hidden) {
            return invalid("must not contain control characters or invisible characters");
        }
        Ok(Self(Box::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_can_change_other_text_are_rejected() {
        let controls = ('\0'..=' ').filter(|&c| c != ' ').chain('\u{7f}'..='\u{9f}');
        let bidirectional = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidirectional = bidirectional.chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let invisible =
            ['\u{ad}', '\u{180e}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{2060}', '\u{feff}', '\u{e0041}'];
        for character in controls.chain(bidirectional).chain(invisible) {
            for text in [format!("a{character}b"), format!("{character}a"), format!("a{character}")] {
                assert!(KeyLabel::parse(&text).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn text_of_any_language_is_accepted() {
        for text in [
            "my-cli on my-host",
            "cl\u{e9} \u{1f980}",
            "\u{1f469}\u{200d}\u{1f680}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{5de}\u{5e4}\u{5ea}\u{5d7}",
            "\u{9375}",
        ] {
            assert_eq!(KeyLabel::parse(text).unwrap().as_str(), text);
        }
    }
}
