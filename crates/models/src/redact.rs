//! Finds and redacts secrets and API keys.

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::wiped::WipedCow;

/// Shorter values are not redacted, because they could be part of any word.
const SHORTEST_SECRET: usize = 8;

pub(crate) const REDACTED: &str = "[redacted]";

/// The prefix of every OpenRouter API key.
const KEY_PREFIX: &str = "sk-or-";

/// Redacts `secrets` and API keys in `json`.
///
/// Finds a secret however its characters are escaped, so decoding the result does not reveal it.
pub(crate) fn redact_json<'a>(json: &'a [u8], secrets: &[&'a str]) -> WipedCow<'a, [u8]> {
    let json = unescape(json);
    let secrets: Vec<_> = secrets.iter().map(|secret| json_escaped(secret)).collect();
    let finder = SecretFinder::with_escapes(&secrets);
    let mut found = finder.split(&json, usize::MAX);
    if found.is_none() {
        return json;
    }
    // `[redacted]` is less than twice as long as the shortest text it replaces, so this buffer never reallocates.
    let mut clean = Zeroizing::new(Vec::with_capacity(2 * json.len()));
    let mut rest = &*json;
    while let Some((before, after)) = found {
        clean.extend_from_slice(before);
        clean.extend_from_slice(REDACTED.as_bytes());
        rest = after;
        found = finder.split(rest, usize::MAX);
    }
    clean.extend_from_slice(rest);
    WipedCow::Owned(clean)
}

/// Returns `secret` in the form that it has in the result of [`unescape`], which keeps the escapes of quotation marks and
/// backslashes.
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

/// Replaces the escapes in `json` with the characters themselves, except where JSON requires an escape.
pub(crate) fn unescape(json: &[u8]) -> WipedCow<'_, [u8]> {
    // `contains` is fast, and most JSON has no escapes.
    let is_replaced = |pair: &[u8]| matches!(pair, [b'\\', b'/' | b'u']);
    if !json.contains(&b'\\') || !json.windows(2).any(is_replaced) {
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
pub(crate) struct SecretFinder<'s, S> {
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
    pub(crate) fn new(secrets: &'s [S]) -> Self {
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
            let first = *rest.first()?;
            let after = if self.has_role(first, FIRST) { self.after_secret(rest) } else { None };
            if let Some(after) = after {
                return Some((before, after));
            }
            start += if self.has_role(first, ESCAPE) { split_unit(rest).0.len() } else { 1 };
        }
    }

    /// Works like [`split`](Self::split). Secrets are text, so they start and end between characters.
    pub(crate) fn split_str<'t>(&self, text: &'t str, limit: usize) -> Option<(&'t str, &'t str)> {
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

/// Returns whether a key is masked: a few characters, then dots or asterisks, then a few characters, and no more of
/// either.
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

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
            let finder = SecretFinder::new(&SECRETS);
            let (mut redacted, mut rest) = (String::new(), &*text);
            while let Some((before, after)) = finder.split_str(rest, usize::MAX) {
                redacted.extend([before, REDACTED]);
                rest = after;
            }
            redacted.push_str(rest);
            prop_assert_eq!(redacted, redacted_slowly(text.as_bytes(), &SECRETS, false));

            let escaped = SECRETS.map(|secret| json_escaped(secret).to_owned());
            let escaped = escaped.each_ref().map(String::as_str);
            let redacted = redacted_slowly(&unescape(text.as_bytes()), &escaped, true);
            prop_assert_eq!(&*redact_json(text.as_bytes(), &SECRETS), redacted.as_bytes());
        }
    }
}
