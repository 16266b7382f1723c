//! Untrusted text, made safe to print.

use std::{fmt, iter::Peekable, str::Chars};

use zeroize::Zeroizing;

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
        let text = redact(printable(text).as_bytes(), secrets, |_| 1);
        let text = String::from_utf8_lossy(&text);
        Self(text.chars().take(MAX_CHARACTERS).collect::<String>().into())
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

/// Shorter values are not redacted, because they could be part of any word.
const SHORTEST_SECRET: usize = 8;

const REDACTED: &str = "[redacted]";

/// The prefix of every OpenRouter API key.
const KEY_PREFIX: &str = "sk-or-";

/// Redacts `secrets` and API keys in `json`, and returns the result in memory that is wiped on drop.
///
/// Finds a secret however its characters are escaped, so decoding the result does not reveal it.
pub(crate) fn redact_json(json: &[u8], secrets: &[&str]) -> Zeroizing<Vec<u8>> {
    let secrets: Vec<_> = secrets.iter().map(|secret| json_escaped(secret)).collect();
    let secrets: Vec<_> = secrets.iter().map(|secret| secret.as_str()).collect();
    redact(&unescape(json), &secrets, |rest| match rest {
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => 1,
    })
}

/// Returns `secret` in the form that it has in the result of [`unescape`], where only these two of its characters are
/// escaped.
fn json_escaped(secret: &str) -> Zeroizing<String> {
    let mut escaped = Zeroizing::new(String::with_capacity(2 * secret.len()));
    for character in secret.chars() {
        if matches!(character, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Replaces escapes in `json` by the characters themselves, except where JSON requires an escape.
pub(crate) fn unescape(json: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(json.len()));
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        let (length, character) = match after {
            _ if byte != b'\\' => (1, None),
            [b'/', ..] => (2, Some('/')),
            [b'u', after @ ..] => (6, after.get(..4).and_then(unicode_escape)),
            _ => (2, None),
        };
        let (escape, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        match character {
            Some(character @ ('"' | '\\')) => plain.extend_from_slice(&[b'\\', character as u8]),
            Some(character) => plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => plain.extend_from_slice(escape),
        }
        rest = after;
    }
    plain
}

/// Returns the character with these four hexadecimal digits, or `None` for control characters and surrogates.
fn unicode_escape(digits: &[u8]) -> Option<char> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?).filter(|character| !character.is_control())
}

/// Redacts `secrets` and API keys in `text`, and returns the result in memory that is wiped on drop. `unit` returns how
/// many of the next bytes belong together.
fn redact(text: &[u8], secrets: &[&str], unit: fn(&[u8]) -> usize) -> Zeroizing<Vec<u8>> {
    // `[redacted]` is less than twice as long as the shortest text it replaces, so this buffer never reallocates.
    let mut clean = Zeroizing::new(Vec::with_capacity(2 * text.len()));
    let mut rest = text;
    while !rest.is_empty() {
        let known = secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        let known =
            known.filter_map(|secret| rest.strip_prefix(secret.as_bytes())).min_by_key(|rest| rest.len());
        if let Some(after) = known.or_else(|| after_key(rest)) {
            clean.extend_from_slice(REDACTED.as_bytes());
            rest = after;
        } else {
            let (kept, after) = rest.split_at_checked(unit(rest)).unwrap_or((rest, &[]));
            clean.extend_from_slice(kept);
            rest = after;
        }
    }
    clean
}

/// Returns the text after the API key at the start of `text`. Returns `None` if there is no key, or only a masked one,
/// which is OpenRouter's default label for a key (`sk-or-v1-0e6...1c96`).
fn after_key(text: &[u8]) -> Option<&[u8]> {
    let (key, after) = split_key(text.strip_prefix(KEY_PREFIX.as_bytes())?);
    (!is_mask(key, after)).then_some(after)
}

/// Splits `text` after the characters that a key may contain.
fn split_key(text: &[u8]) -> (&[u8], &[u8]) {
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_');
    text.split_at(text.iter().position(is_end).unwrap_or(text.len()))
}

/// Returns whether a key is masked: a few characters, then dots or asterisks, then a few characters, and no more of either.
fn is_mask(start: &[u8], after: &[u8]) -> bool {
    const SHOWN: usize = 8;
    let Some(rest) = after_dots(after) else { return false };
    let (end, after) = split_key(rest);
    start.len() <= SHOWN && end.len() <= SHOWN && after_dots(after).is_none()
}

/// Returns the text after two or more dots or asterisks, or after an ellipsis.
fn after_dots(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    while let Some(after) = ["\u{2026}", ".", "*"].iter().find_map(|dot| rest.strip_prefix(dot.as_bytes())) {
        rest = after;
    }
    (text.len() - rest.len() > 1).then_some(rest)
}

/// Removes terminal commands from `text`, and returns the result in memory that is wiped on drop.
fn printable(text: &str) -> Zeroizing<String> {
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            // Keep words apart where a line ended.
            '\n' | '\r' | '\t' if !clean.ends_with(' ') => clean.push(' '),
            character if is_invisible(character) => {}
            character => clean.push(character),
        }
    }
    let end = clean.trim_end().len();
    clean.truncate(end);
    clean
}

/// Skips the rest of a sequence after ESC: a control sequence, a control string, or one character (ECMA-48, section 5).
fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.next() {
        Some('[') => skip_control_sequence(rest),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = rest.next() {
                match character {
                    '\u{7}' | '\u{9c}' => break,
                    '\u{1b}' => {
                        rest.next_if_eq(&'\\');
                        break;
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Skips a control sequence up to its final character.
fn skip_control_sequence(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|character| (' '..='?').contains(character)).is_some() {}
    rest.next_if(|character| ('@'..='~').contains(character));
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
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
