//! Reads the code from pasted text.

use openrouter_oauth_models::{AuthorizationCode, has_whole_escapes, is_invisible};
use zeroize::Zeroizing;

use super::callback::{Callback, CallbackError, RESERVED_PARAMETERS, Result, read_code};

const MAX_BYTES: usize = 4 * 1024;

/// Reads pasted text: a bare code, a query, or the address of this sign-in's callback.
///
/// The path of an address must end with the attempt ID, 128 random bits that only this sign-in has. So its scheme,
/// host, and port prove nothing more, and browsers, tunnels, and forwarded ports change them.
pub(super) fn read_pasted(text: &str, callback: Option<&Callback>) -> Result<AuthorizationCode> {
    if text.len() > MAX_BYTES {
        return Err(CallbackError::Malformed);
    }
    let mut clean = without_white_space(text);
    if is_encoded_address(without_quotes(&clean)) {
        clean = without_white_space(&percent_decoded(without_quotes(&clean))?);
    }
    let code = read_clean(without_quotes(&clean), callback)?;
    if code.contains_api_key() { Err(CallbackError::ApiKey) } else { Ok(code) }
}

fn read_clean(text: &str, callback: Option<&Callback>) -> Result<AuthorizationCode> {
    let state = callback.map(|callback| &callback.state);
    let query = text.strip_prefix(['?', '#']);
    let text = query.unwrap_or(text);
    let without_fragment = text.split('#').next().unwrap_or_default();
    let (place, its_query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
    if callback.is_some_and(|callback| callback.url.has_last_segment(place)) {
        return read_code(its_query, state);
    }
    if is_address(text) {
        return Err(CallbackError::NotOurs);
    }
    let has = |wanted: &[&str]| names(without_fragment).any(|name| wanted.contains(&name));
    if has(&RESERVED_PARAMETERS) || (query.is_some() && without_fragment.contains('=')) {
        let first = without_fragment.split('&').next().unwrap_or_default();
        if has(&["code", "error"]) || !is_bare(first) {
            return read_code(without_fragment, state);
        }
        // The tail of an address, without the name of the code: `abc123&state=…`.
        let tail = without_fragment.strip_prefix(first).unwrap_or_default();
        // In a query, `+` means a space, but no code has one.
        let code = Zeroizing::new(first.replace('+', "%2B"));
        return read_code(&Zeroizing::new(["code=", &code, tail].concat()), state);
    }
    match text {
        "" => Err(CallbackError::MissingCode),
        address if address.contains("://") => Err(CallbackError::NotOurs),
        code => AuthorizationCode::parse(code).map_err(CallbackError::InvalidCode),
    }
}

/// Returns whether text without this sign-in's attempt ID is an address. A code may contain `/` and `?`, so these
/// characters alone do not make it one.
fn is_address(text: &str) -> bool {
    let (start, rest) = text.split_at(text.find(['?', '#', '=', '&']).unwrap_or(text.len()));
    let has_code = |query: &str| names(query).any(|name| matches!(name, "code" | "error"));
    start.contains("://") || rest.strip_prefix('?').is_some_and(has_code)
}

/// Returns whether the first part of a query is a value without a name. `=` at its end may be padding.
fn is_bare(first: &str) -> bool {
    let value = first.trim_end_matches('=');
    !value.is_empty() && !value.contains('=') && !RESERVED_PARAMETERS.contains(&value)
}

/// Returns the names in a query.
fn names(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name)
}

/// Removes white space, also inside a code, where a terminal wraps it. Also removes text that terminals and web pages
/// add to a copied code: the marks of a bracketed paste, and invisible characters.
fn without_white_space(text: &str) -> Zeroizing<String> {
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mark = ["\u{1b}[200~", "\u{1b}[201~"].into_iter().find(|mark| rest.starts_with(mark));
        rest = rest.get(mark.map_or(character.len_utf8(), str::len)..).unwrap_or_default();
        let is_noise = character.is_whitespace() || (is_invisible(character) && !character.is_control());
        if mark.is_none() && !is_noise {
            clean.push(character);
        }
    }
    clean
}

/// Removes the quotes, brackets, and `Code:` around the text.
fn without_quotes(mut text: &str) -> &str {
    const LABEL: &str = "code:";
    const QUOTES: [char; 12] = [
        '"', '\'', '`', '<', '>', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{201e}', '\u{ab}',
        '\u{bb}',
    ];
    loop {
        let unquoted = text.trim_matches(QUOTES);
        let labeled = unquoted.get(..LABEL.len()).is_some_and(|start| start.eq_ignore_ascii_case(LABEL));
        let bare = if labeled { unquoted.get(LABEL.len()..).unwrap_or_default() } else { unquoted };
        if bare.len() == text.len() {
            return text;
        }
        text = bare;
    }
}

/// Returns whether the text starts like an address whose `://` is percent-encoded.
fn is_encoded_address(text: &str) -> bool {
    let start = text.split(['?', '#', '=', '&', '/']).next().unwrap_or_default().as_bytes();
    let has = |encoded: &[u8]| start.windows(encoded.len()).any(|part| part.eq_ignore_ascii_case(encoded));
    has(b"%3a%2f%2f") || has(b":%2f%2f")
}

/// Decodes one level of percent-encoding. An address has only ASCII characters.
fn percent_decoded(text: &str) -> Result<Zeroizing<String>> {
    if !has_whole_escapes(text) {
        return Err(CallbackError::Malformed);
    }
    let mut decoded = Zeroizing::new(String::with_capacity(text.len()));
    for (index, part) in text.split('%').enumerate() {
        let escape = if index == 0 { "" } else { part.get(..2).unwrap_or_default() };
        if !escape.is_empty() {
            let byte = u8::from_str_radix(escape, 16).ok().filter(u8::is_ascii);
            decoded.push(byte.ok_or(CallbackError::Malformed)?.into());
        }
        decoded.push_str(part.get(escape.len()..).unwrap_or_default());
    }
    Ok(decoded)
}
