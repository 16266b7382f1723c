//! Writes JSON in which every character is visible.

use std::io::{self, Write};

use openrouter_oauth::models::is_invisible;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value` to `writer` on one line. Escapes the characters that could act on a terminal or change how the text
/// around them appears.
pub(crate) fn write(writer: impl Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(writer, Visible)).map_err(io::Error::from)
}

/// The compact format of `serde_json`, which escapes only the characters that JSON requires, up to U+001F, with more
/// escapes.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((start, hidden)) = rest.char_indices().find(|(_, c)| is_invisible(*c)) {
            let (visible, after) = rest.split_at(start);
            writer.write_all(visible.as_bytes())?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = after.get(hidden.len_utf8()..).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let mut json = Vec::new();
        write(&mut json, &text).unwrap();
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn invisible_characters_are_escaped() {
        for (text, escaped) in [
            ("a\u{9b}31mb", r#""a\u009b31mb""#),
            ("a\u{202e}b", r#""a\u202eb""#),
            ("\u{2066}\u{2069}", r#""\u2066\u2069""#),
            ("a\u{7f}", r#""a\u007f""#),
            ("\u{1b}\n\"\\", r#""\u001b\n\"\\""#),
            ("\u{e0041}", r#""\udb40\udc41""#),
            ("👩\u{200d}🚀", r#""👩\u200d🚀""#),
            ("é→", r#""é→""#),
        ] {
            assert_eq!(json(text), escaped);
            assert_eq!(serde_json::from_str::<String>(escaped).unwrap(), text);
        }
    }

    #[test]
    fn names_are_escaped_too() {
        let mut json = Vec::new();
        write(&mut json, &serde_json::json!({ "a\u{9b}": ["\u{202e}"] })).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r#"{"a\u009b":["\u202e"]}"#);
    }
}
