//! Reads what comes back from the user's browser.

use std::borrow::Cow;

use http::Uri;
use openrouter_oauth_models::{AuthorizationCode, CallbackUrl, InvalidValue, ServerText, State};
use subtle::ConstantTimeEq;

/// Why a callback, or what a user pasted, brings no code.
///
/// Only [`Denied`](Self::Denied) and [`Failed`](Self::Failed) end a sign-in. Everything else is somebody else's request
/// or a slip: answer it and go on waiting.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallbackError {
    /// It is not the callback of this transaction: another path, nonce or host.
    #[error("this is not the callback of this sign-in")]
    NotOurs,
    /// It has a `state`, and not that of this transaction (RFC 6749, section 10.12).
    #[error("the state is not that of this sign-in")]
    StateMismatch,
    /// It has a parameter more than once (RFC 6749, section 3.1), or both a code and an error.
    #[error("the callback is ambiguous: `{0}` stands twice or beside another answer")]
    Ambiguous(&'static str),
    /// It is too long, or not a URL.
    #[error("this cannot be read as a callback")]
    Malformed,
    /// It has neither a code nor an error.
    #[error("there is no code in it")]
    MissingCode,
    /// What stands in the place of the code cannot be one.
    #[error(transparent)]
    InvalidCode(InvalidValue),
    /// The user declined (`access_denied`, RFC 6749, section 4.1.2.1).
    #[error("the user declined")]
    Denied {
        /// What OpenRouter says about it.
        description: Option<ServerText>,
    },
    /// OpenRouter could not authorize (RFC 6749, section 4.1.2.1).
    #[error("OpenRouter could not authorize: {error}")]
    Failed {
        /// The error code.
        error: ServerText,
        /// What OpenRouter says about it.
        description: Option<ServerText>,
    },
}

type Result<T> = std::result::Result<T, CallbackError>;

/// What an answer may hold; a callback URL may not have them of its own.
pub(crate) const RESERVED_PARAMETERS: [&str; 4] = ["code", "state", "error", "error_description"];

const MAX_BYTES: usize = 8 * 1024;
const MAX_PASTED_BYTES: usize = 4 * 1024;

/// Reads a callback: the target of a request (`/callback/nonce?code=…`) or a whole URL.
pub(crate) fn read_callback(
    text: &str,
    callback: Option<&CallbackUrl>,
    state: Option<&State>,
) -> Result<AuthorizationCode> {
    if text.len() > MAX_BYTES {
        return Err(CallbackError::Malformed);
    }
    let ours: Uri = callback
        .and_then(|url| url.as_str().parse().ok())
        .ok_or(CallbackError::NotOurs)?;
    let without_fragment = text.split('#').next().unwrap_or_default();
    let theirs: Uri = without_fragment.parse().map_err(|_| CallbackError::Malformed)?;
    if !without_fragment.starts_with('/') && !same_origin(&theirs, &ours) {
        return Err(CallbackError::NotOurs);
    }
    // Before anything that could settle the sign-in (L-6), and in constant time (L-5).
    if !bool::from(theirs.path().as_bytes().ct_eq(ours.path().as_bytes())) {
        return Err(CallbackError::NotOurs);
    }
    read_query(theirs.query().unwrap_or_default(), state)
}

/// Reads what a user pasted: a bare code, a query, or the whole URL of this transaction (P-2).
pub(crate) fn read_pasted(
    text: &str,
    callback: Option<&CallbackUrl>,
    state: Option<&State>,
) -> Result<AuthorizationCode> {
    if text.len() > MAX_PASTED_BYTES {
        return Err(CallbackError::Malformed);
    }
    let clean = clean(text);
    if clean.is_empty() {
        return Err(CallbackError::MissingCode);
    }
    if clean.contains("://") || clean.starts_with('/') {
        return read_callback(&clean, callback, state);
    }
    let query = clean.strip_prefix('?').unwrap_or(&clean);
    let is_query = RESERVED_PARAMETERS.iter().any(|name| {
        query
            .split('&')
            .any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    });
    if is_query {
        return read_query(query, state);
    }
    AuthorizationCode::parse(&clean).map_err(CallbackError::InvalidCode)
}

/// Takes away what terminals and web pages add around a copied code: marks of a bracketed paste, spaces that cannot be
/// seen, quotes of nothing.
fn clean(text: &str) -> String {
    let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "");
    let is_invisible = |c: char| matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{a0}');
    text.replace(is_invisible, " ").trim().to_owned()
}

fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| {
        uri.port_u16().or(if uri.scheme_str() == Some("https") {
            Some(443)
        } else {
            Some(80)
        })
    };
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    let has_user = |uri: &Uri| {
        uri.authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
    };
    a.scheme() == b.scheme() && host(a) == host(b) && port(a) == port(b) && !has_user(a)
}

fn read_query(query: &str, state: Option<&State>) -> Result<AuthorizationCode> {
    let [code, their_state, error, description] = parameters(query)?;
    if let (Some(theirs), Some(ours)) = (&their_state, state) {
        if !bool::from(theirs.as_bytes().ct_eq(ours.expose().as_bytes())) {
            return Err(CallbackError::StateMismatch);
        }
    }
    match (code, error) {
        (Some(_), Some(_)) => Err(CallbackError::Ambiguous("code")),
        (Some(code), None) => AuthorizationCode::parse(&code).map_err(CallbackError::InvalidCode),
        (None, Some(error)) => {
            let description = description.map(|text| ServerText::new(&text));
            Err(match &*error {
                "access_denied" => CallbackError::Denied { description },
                error => CallbackError::Failed {
                    error: ServerText::new(error),
                    description,
                },
            })
        }
        (None, None) => Err(CallbackError::MissingCode),
    }
}

/// The reserved parameters of a query, in their order.
fn parameters(query: &str) -> Result<[Option<Cow<'_, str>>; 4]> {
    if !has_whole_escapes(query) {
        return Err(CallbackError::Malformed);
    }
    let mut found = [None, None, None, None];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        for (slot, reserved) in found.iter_mut().zip(RESERVED_PARAMETERS) {
            if name == reserved && slot.replace(value.clone()).is_some() {
                return Err(CallbackError::Ambiguous(reserved));
            }
        }
    }
    Ok(found)
}

/// Whether each `%` is followed by two hexadecimal digits; the parser would take it for a character otherwise.
fn has_whole_escapes(query: &str) -> bool {
    query
        .split('%')
        .skip(1)
        .all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}
