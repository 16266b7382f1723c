//! Untrusted text, made safe to print.

use std::{fmt, ops::Deref, str::Chars};

use zeroize::Zeroizing;

use crate::wiped::WipedCow;

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

/// Shorter values are not redacted, because they could be part of any word.
const SHORTEST_SECRET: usize = 8;

const REDACTED: &str = "[redacted]";

/// The prefix of every OpenRouter API key.
const KEY_PREFIX: &str = "sk-or-";

/// Redacts `secrets` and API keys in `json`.
///
/// Finds a secret however its characters are escaped, so decoding the result does not reveal it.
pub(crate) fn redact_json<'a>(json: &'a [u8], secrets: &[&'a str]) -> WipedCow<'a, [u8]> {
    let json = unescape(json);
    let secrets: Vec<_> = secrets.iter().map(|secret| json_escaped(secret)).collect();
    let finder = SecretFinder::with_escapes(&secrets);
    let Some((before, mut rest)) = finder.split(&json, usize::MAX) else { return json };
    // `[redacted]` is less than twice as long as the shortest text it replaces, so this buffer never reallocates.
    let mut clean = Zeroizing::new(Vec::with_capacity(2 * json.len()));
    clean.extend_from_slice(before);
    clean.extend_from_slice(REDACTED.as_bytes());
    while let Some((before, after)) = finder.split(rest, usize::MAX) {
        clean.extend_from_slice(before);
        clean.extend_from_slice(REDACTED.as_bytes());
        rest = after;
    }
    clean.extend_from_slice(rest);
    WipedCow::Owned(clean)
}

/// Returns `secret` in the form that it has in the result of [`unescape`], where only these two of its characters are
/// escaped.
fn json_escaped(secret: &str) -> WipedCow<'_, str> {
    if !secret.contains(['"', '\\']) {
        return WipedCow::Borrowed(secret);
    }
    let mut escaped = Zeroizing::new(String::with_capacity(2 * secret.len()));
    for character in secret.chars() {
        if matches!(character, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    WipedCow::Owned(escaped)
}

/// Replaces escapes in `json` by the characters themselves, except where JSON requires an escape.
pub(crate) fn unescape(json: &[u8]) -> WipedCow<'_, [u8]> {
    // `contains` is fast, and most JSON has no escapes.
    if !json.contains(&b'\\') {
        return WipedCow::Borrowed(json);
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(json.len()));
    let mut rest = json;
    while let Some(start) = rest.iter().position(|&byte| byte == b'\\') {
        let (before, escape) = rest.split_at(start);
        plain.extend_from_slice(before);
        let character = match escape {
            [_, b'/', ..] => Some('/'),
            [_, b'u', digits @ ..] => digits.get(..4).and_then(unicode_escape),
            _ => None,
        };
        let (escape, after) = split_unit(escape);
        match character {
            Some(character @ ('"' | '\\')) => plain.extend_from_slice(&[b'\\', character as u8]),
            Some(character) => plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => plain.extend_from_slice(escape),
        }
        rest = after;
    }
    plain.extend_from_slice(rest);
    WipedCow::Owned(plain)
}

/// Splits JSON after an escape at its start, or else after its first byte.
fn split_unit(json: &[u8]) -> (&[u8], &[u8]) {
    let length = match json {
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => 1,
    };
    json.split_at_checked(length).unwrap_or((json, &[]))
}

/// Returns the character with these four hexadecimal digits, or `None` for control characters and surrogates.
fn unicode_escape(digits: &[u8]) -> Option<char> {
    let code = digits.iter().try_fold(0, |code, &digit| Some(16 * code + char::from(digit).to_digit(16)?));
    char::from_u32(code?).filter(|character| !character.is_control())
}

/// Finds secrets and API keys in text.
struct SecretFinder<'s, S> {
    secrets: &'s [S],
    /// The roles of each byte. A secret can only start where the next two bytes have the right ones.
    roles: [u8; 256],
}

/// The byte is the first of a secret.
const FIRST: u8 = 1;
/// The byte is the second of a secret.
const SECOND: u8 = 2;
/// The byte starts an escape.
const ESCAPE: u8 = 4;

impl<'s, S: Deref<Target = str>> SecretFinder<'s, S> {
    /// Finds secrets in plain text.
    fn new(secrets: &'s [S]) -> Self {
        let mut finder = Self { secrets, roles: [0; 256] };
        for secret in secrets.iter().map(|secret| &**secret).chain([KEY_PREFIX]) {
            secret.bytes().zip([FIRST, SECOND]).for_each(|(byte, role)| finder.add_role(byte, role));
        }
        finder
    }

    /// Finds secrets in JSON, where they do not start within an escape.
    fn with_escapes(secrets: &'s [S]) -> Self {
        let mut finder = Self::new(secrets);
        finder.add_role(b'\\', ESCAPE);
        finder
    }

    fn add_role(&mut self, byte: u8, role: u8) {
        if let Some(roles) = self.roles.get_mut(usize::from(byte)) {
            *roles |= role;
        }
    }

    fn has_role(&self, byte: u8, role: u8) -> bool {
        self.roles.get(usize::from(byte)).is_some_and(|roles| roles & role != 0)
    }

    /// Returns the text before and after the first secret, if one starts within `limit` bytes.
    fn split<'t>(&self, text: &'t [u8], limit: usize) -> Option<(&'t [u8], &'t [u8])> {
        let can_start = |pair: &[u8]| match *pair {
            [first, second] => {
                self.has_role(first, FIRST | ESCAPE)
                    && (self.has_role(second, SECOND) || self.has_role(first, ESCAPE))
            }
            _ => false,
        };
        let searched = text.get(..limit.saturating_add(1)).unwrap_or(text);
        let mut start = 0;
        loop {
            start += searched.get(start..)?.windows(2).position(can_start)?;
            let (before, rest) = text.split_at(start);
            if let Some(after) = self.after_secret(rest) {
                return Some((before, after));
            }
            start += if self.has_role(*rest.first()?, ESCAPE) { split_unit(rest).0.len() } else { 1 };
        }
    }

    /// Works like [`split`](Self::split). Secrets are text, so they start and end between characters.
    fn split_str<'t>(&self, text: &'t str, limit: usize) -> Option<(&'t str, &'t str)> {
        let (before, after) = self.split(text.as_bytes(), limit)?;
        Some((text.get(..before.len())?, text.get(text.len() - after.len()..)?))
    }

    /// Returns the text after the longest secret, or else the API key, at the start of `text`.
    fn after_secret<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        // An array of known length is compared faster than a whole secret.
        let starts = |secret: &&[u8]| {
            secret.first_chunk::<SHORTEST_SECRET>().is_some_and(|start| text.starts_with(start))
        };
        let secrets = self.secrets.iter().map(|secret| secret.as_bytes()).filter(starts);
        let known = secrets.filter_map(|secret| text.strip_prefix(secret)).min_by_key(|after| after.len());
        known.or_else(|| after_key(text))
    }
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
    // Most characters need only the first three comparisons.
    match character {
        ..'\u{200b}' => character.is_control() || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}'),
        _ => matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

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

    const SECRETS: [&str; 4] = ["auth_code", "auth_code_2", "nk\"sk-or-x", "short"];

    /// Redacts the text after looking at each of its positions.
    fn redacted_slowly(mut rest: &[u8], secrets: &[&str], has_escapes: bool) -> String {
        let mut clean = Vec::new();
        while !rest.is_empty() {
            let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
            let known = secrets.filter_map(|secret| rest.strip_prefix(secret.as_bytes()));
            let known = known.min_by_key(|after| after.len());
            let (kept, after) = match known.or_else(|| after_key(rest)) {
                Some(after) => (REDACTED.as_bytes(), after),
                None if has_escapes => split_unit(rest),
                None => rest.split_at(1),
            };
            clean.extend_from_slice(kept);
            rest = after;
        }
        String::from_utf8(clean).unwrap()
    }

    proptest! {
        #[test]
        fn skipped_bytes_contain_no_secret(
            pieces in vec(
                select(vec![
                    "sk-or-", "sk-or", "v1-0e6f44a4", "...", "\u{2026}", "auth_code", "auth_code_2", "auth_", "short",
                    "nk\"sk-or-x", "nk\\\"sk-or-x", r"\u006ek", r"\n", r"\", r"\u00", "\"", "\u{e9}", " ", "xxxxxxxxxx",
                ]),
                0..100,
            ),
        ) {
            let text = pieces.concat();
            let redacted = redacted_slowly(text.trim_end().as_bytes(), &SECRETS, false);
            let expected: String = redacted.chars().take(MAX_CHARACTERS).collect();
            prop_assert_eq!(ServerText::without(&text, &SECRETS).to_string(), expected);

            let escaped = SECRETS.map(|secret| json_escaped(secret).to_owned());
            let escaped = escaped.each_ref().map(String::as_str);
            let redacted = redacted_slowly(&unescape(text.as_bytes()), &escaped, true);
            prop_assert_eq!(&*redact_json(text.as_bytes(), &SECRETS), redacted.as_bytes());
        }
    }
}
