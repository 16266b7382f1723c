//! Untrusted text, made safe to print.

use std::{fmt, str::Chars};

use zeroize::Zeroizing;

use crate::{
    redact::{REDACTED, SecretFinder},
    wiped::WipedCow,
};

/// Text from a server or a URL, made safe to show.
///
/// It has at most 512 characters and no control characters, terminal escape sequences, bidirectional controls, or API
/// keys.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct ServerText(Box<str>);

const MAX_CHARACTERS: usize = 512;

impl ServerText {
    /// Makes `text` safe to show.
    pub fn new(text: &str) -> Self {
        Self::without(text, &[])
    }

    /// Makes `text` safe to show, and redacts `secrets`.
    pub(crate) fn without(text: &str, secrets: &[&str]) -> Self {
        // Remove escape sequences first: one inside a secret would hide the secret from the search.
        let text = printable(text);
        let finder = SecretFinder::new(secrets);
        let mut shown = String::with_capacity(text.len().min(MAX_CHARACTERS));
        let mut room = MAX_CHARACTERS;
        let mut rest = &*text;
        // A character has at most four bytes, so no secret after these bytes is shown.
        while let Some((before, after)) = finder.split_str(rest, 4 * room) {
            push_within(&mut shown, before, &mut room);
            push_within(&mut shown, REDACTED, &mut room);
            rest = after;
        }
        push_within(&mut shown, rest, &mut room);
        Self(shown.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends at most `room` characters of `text`, and subtracts them from `room`.
fn push_within(shown: &mut String, text: &str, room: &mut usize) {
    let mut after = text.chars();
    if let Some(last) = room.checked_sub(1) {
        after.nth(last);
    }
    let pushed = text.get(..text.len() - after.as_str().len()).unwrap_or_default();
    shown.push_str(pushed);
    *room -= pushed.chars().count();
}

/// Removes terminal commands and white space at the end from `text`.
fn printable(text: &str) -> WipedCow<'_, str> {
    // Without an early exit, the compiler can vectorize the loop.
    if text.bytes().fold(true, |printable, byte| printable & matches!(byte, b' '..=b'~')) {
        return WipedCow::Borrowed(text.trim_end());
    }
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.chars();
    loop {
        let start = rest.as_str();
        let invisible = rest.find(|&character| is_invisible(character));
        let length = start.len() - rest.as_str().len() - invisible.map_or(0, char::len_utf8);
        clean.push_str(start.get(..length).unwrap_or_default());
        match invisible {
            Some('\u{1b}') => skip_escape(&mut rest),
            Some('\u{9b}') => skip_control_sequence(&mut rest),
            // Keep words apart where a line ended.
            Some('\n' | '\r' | '\t') if !clean.ends_with(' ') => clean.push(' '),
            Some(_) => {}
            None => break,
        }
    }
    let end = clean.trim_end().len();
    clean.truncate(end);
    WipedCow::Owned(clean)
}

/// Skips the rest of a sequence after ESC: a control sequence, a control string, or one character (ECMA-48, section 5).
fn skip_escape(rest: &mut Chars<'_>) {
    match rest.next() {
        Some('[') => skip_control_sequence(rest),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let end = rest.find(|character| matches!(character, '\u{7}' | '\u{9c}' | '\u{1b}'));
            if end == Some('\u{1b}') {
                skip_if(rest, |character| character == '\\');
            }
        }
        _ => {}
    }
}

/// Skips a control sequence up to its final character.
fn skip_control_sequence(rest: &mut Chars<'_>) {
    while skip_if(rest, |character| (' '..='?').contains(&character)) {}
    skip_if(rest, |character| ('@'..='~').contains(&character));
}

/// Skips the next character if it is `wanted`, and returns whether it was.
fn skip_if(rest: &mut Chars<'_>, wanted: fn(char) -> bool) -> bool {
    let mut after = rest.clone();
    let is_wanted = after.next().is_some_and(wanted);
    if is_wanted {
        *rest = after;
    }
    is_wanted
}

/// Replaces invisible and bidirectional control characters with U+FFFD, which makes untrusted text safe to show.
///
/// Keeps the joiners U+200C and U+200D, which some emoji and some scripts, such as Persian, need.
pub fn replace_invisible(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Returns whether a character [is invisible](is_invisible) and is not a joiner.
pub(crate) fn is_hidden(character: char) -> bool {
    is_invisible(character) && !matches!(character, '\u{200c}' | '\u{200d}')
}

/// Returns whether a character is invisible and can change how the surrounding text appears.
///
/// These are control characters, which start terminal commands, and format characters, which can hide text, reverse it,
/// or break its lines. They include the joiners U+200C and U+200D, although some emoji and words need them.
pub fn is_invisible(character: char) -> bool {
    // The most frequent characters come first.
    match character {
        ' '..='~' => false,
        ..'\u{200b}' => character.is_control() || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}'),
        _ => matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(ServerText::new(text).as_str(), shown);
    }

    #[test]
    fn escape_sequences_do_not_reach_a_terminal() {
        // C-23
        check("Invalid code", "Invalid code");
        check("\u{1b}[31mInvalid\u{1b}[0m code\u{7}", "Invalid code");
        check("\u{1b}]0;title\u{7}Invalid code", "Invalid code");
        check("\u{1b}]8;;https://evil\u{1b}\\Invalid code", "Invalid code");
        check("\u{9b}2JInvalid code\u{1b}", "Invalid code");
        check("Invalid\r\n\tcode\u{0}\n", "Invalid code");
        check("\u{202e}edoc\u{202c}\u{200b}", "edoc");
    }

    #[test]
    fn text_is_truncated_to_512_characters() {
        assert_eq!(ServerText::new(&"\u{e9}".repeat(600)).as_str().chars().count(), 512);
    }

    #[test]
    fn text_is_truncated_after_redaction() {
        let key = format!("sk-or-v1-{}", "0e6f44a4".repeat(80));
        for (start, end) in [("\u{e9}".repeat(510), "[r"), ("a".repeat(511), "["), ("a".repeat(512), "")] {
            check(&format!("{start}{key}"), &format!("{start}{end}"));
        }
        let keys = format!("{key} ").repeat(40);
        check(
            &format!("{keys}{}", "a".repeat(99)),
            &format!("{}{}", "[redacted] ".repeat(40), "a".repeat(72)),
        );
    }

    #[test]
    fn secrets_are_redacted() {
        check("key sk-or-v1-0e6f44a4 is bad, sk-or-", "key [redacted] is bad, [redacted]");
        let text = ServerText::without("code abcdef\u{1b}[0mgh was used", &["abcdefgh", "code", ""]);
        assert_eq!(text.as_str(), "code [redacted] was used");
    }

    #[test]
    fn masked_keys_are_shown() {
        // A11: OpenRouter's default label of a key.
        for masked in
            ["sk-or-v1-0e6...1c96", "sk-or-v1-0e6\u{2026}1c96", "sk-or-v1-***1c96", "sk-or-v1-au7...890"]
        {
            check(masked, masked);
            check(
                &format!("The key \"{masked}\" is disabled."),
                &format!("The key \"{masked}\" is disabled."),
            );
        }
        // Too much of a key.
        check("sk-or-v1-0e6f44a4b1c2...1c96", "[redacted]...1c96");
        check("sk-or-v1-0e6...44a4b1c2d3", "[redacted]...44a4b1c2d3");
        check("sk-or-v1-0e6f44a4.", "[redacted].");
        check("sk-or-v1-0e6...44a4b1c2...d3e4", "[redacted]...44a4b1c2...d3e4");
        check(
            "Not sk-or-v1-0e6...1c96. Not \u{201c}sk-or-v1-0e6\u{2026}1c96\u{201d}.",
            "Not sk-or-v1-0e6...1c96. Not \u{201c}sk-or-v1-0e6\u{2026}1c96\u{201d}.",
        );
    }

    #[test]
    fn invisible_characters_are_replaced() {
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
            assert_eq!(replace_invisible(&format!("a{character}b")), "a\u{fffd}b", "{character:?}");
        }
        for text in ["", "my-cli on my-host", "é→🦀", "👩\u{200d}🚀", "می\u{200c}خواهم"] {
            assert_eq!(replace_invisible(text), text);
        }
    }
}
