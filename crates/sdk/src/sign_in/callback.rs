//! Reads the code from a callback or from pasted text.

use openrouter_oauth_models::{
    AuthorizationCode, CallbackUrl, InvalidValue, ServerText, State, has_whole_escapes, is_invisible,
};
use zeroize::Zeroizing;

/// The error for a callback or pasted text without a valid code.
///
/// Only [`Denied`](Self::Denied) and [`Failed`](Self::Failed) [end a sign-in](Self::ends_sign_in). The other variants
/// mean a foreign request or a user's mistake: respond to it, and keep waiting.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallbackError {
    /// The path, attempt ID, or host does not match this sign-in's callback.
    #[error("this is not the callback of this sign-in")]
    NotOurs,
    /// The `state` parameter does not match this sign-in (RFC 6749, section 10.12).
    #[error("the state does not match this sign-in")]
    StateMismatch,
    /// A parameter appears more than once (RFC 6749, section 3.1), or there are both a code and an error.
    #[error("the callback is ambiguous: `{0}` is repeated or conflicts with another parameter")]
    Ambiguous(&'static str),
    /// The input is too long, or has an invalid percent-encoding.
    #[error("the input is too long or malformed")]
    Malformed,
    /// The input contains neither a code nor an error.
    #[error("the input contains no code")]
    MissingCode,
    /// The code has an invalid form.
    #[error(transparent)]
    InvalidCode(InvalidValue),
    /// The user declined (`access_denied`, RFC 6749, section 4.1.2.1).
    #[error("the user declined")]
    Denied {
        /// OpenRouter's description of the error.
        description: Option<ServerText>,
    },
    /// OpenRouter could not complete the authorization (RFC 6749, section 4.1.2.1).
    #[error("OpenRouter could not complete the authorization: {error}")]
    Failed {
        /// The error code.
        error: ServerText,
        /// OpenRouter's description of the error.
        description: Option<ServerText>,
    },
}

impl CallbackError {
    /// Returns whether the sign-in is over because the user declined or OpenRouter failed. After any other error, keep
    /// waiting.
    pub fn ends_sign_in(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::Failed { .. })
    }
}

type Result<T> = std::result::Result<T, CallbackError>;

/// The parameters that OpenRouter adds to a callback. A program's callback URL must not contain them.
pub(crate) const RESERVED_PARAMETERS: [&str; 4] = ["code", "state", "error", "error_description"];

const MAX_BYTES: usize = 8 * 1024;
const MAX_PASTED_BYTES: usize = 4 * 1024;

/// The callback that a sign-in expects.
pub(crate) struct Callback {
    /// The callback URL, whose path ends with the attempt ID.
    pub(crate) url: CallbackUrl,
    pub(crate) state: State,
}

impl Callback {
    /// Reads a callback, which is a request target (`/callback/ID?code=…`) or a whole URL.
    pub(crate) fn read(&self, text: &str) -> Result<AuthorizationCode> {
        if text.len() > MAX_BYTES {
            return Err(CallbackError::Malformed);
        }
        // Checked first, so that a foreign request cannot end the sign-in.
        let query = self.url.query_of(text).ok_or(CallbackError::NotOurs)?;
        read_code(query, Some(&self.state))
    }

    /// Reads the query of a callback whose path the caller has compared.
    pub(crate) fn read_query(&self, query: &str) -> Result<AuthorizationCode> {
        if query.len() > MAX_BYTES {
            return Err(CallbackError::Malformed);
        }
        read_code(query, Some(&self.state))
    }
}

/// Reads pasted text: a bare code, a query, or the whole URL of this sign-in's callback. The scheme may be missing,
/// because some browsers hide it.
pub(crate) fn read_pasted(text: &str, callback: Option<&Callback>) -> Result<AuthorizationCode> {
    if text.len() > MAX_PASTED_BYTES {
        return Err(CallbackError::Malformed);
    }
    let state = callback.map(|callback| &callback.state);
    let clean = clean(text);
    if let Some(query) = clean.strip_prefix('?') {
        return read_code(query, state);
    }
    let place = clean.split('=').next().unwrap_or_default();
    if place.contains(['/', '?']) {
        return callback.ok_or(CallbackError::NotOurs)?.read(&clean);
    }
    let is_parameter =
        |pair: &str| pair.split_once('=').is_some_and(|(name, _)| RESERVED_PARAMETERS.contains(&name));
    match clean.as_str() {
        "" => Err(CallbackError::MissingCode),
        query if query.split('&').any(is_parameter) => read_code(query, state),
        code => AuthorizationCode::parse(code).map_err(CallbackError::InvalidCode),
    }
}

/// Removes text that terminals and web pages add to a copied code: the markers of a bracketed paste, and invisible
/// characters.
fn clean(text: &str) -> Zeroizing<String> {
    let mut clean = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let mark = ["\u{1b}[200~", "\u{1b}[201~"].into_iter().find(|mark| rest.starts_with(mark));
        rest = rest.get(mark.map_or(character.len_utf8(), str::len)..).unwrap_or_default();
        match character {
            '\u{1b}' if mark.is_some() => {}
            '\u{a0}' => clean.push(' '),
            '\u{2028}' | '\u{2029}' => clean.push('\n'),
            character if is_invisible(character) && !character.is_control() => {}
            character => clean.push(character),
        }
    }
    let trimmed = clean.trim();
    if trimmed.len() == clean.len() { clean } else { Zeroizing::new(trimmed.to_owned()) }
}

/// Reads the code or the error from the parameters of a query.
///
/// `ExpectedState` is always [`State`]. The type parameter allows only `==`, which takes constant time: comparing the
/// exposed text would not compile.
fn read_code<ExpectedState>(query: &str, state: Option<&ExpectedState>) -> Result<AuthorizationCode>
where
    ExpectedState: PartialEq + for<'a> TryFrom<&'a str>,
{
    let [code, their_state, error, description] = parameters(query)?;
    if let (Some(theirs), Some(ours)) = (&their_state, state) {
        if ExpectedState::try_from(theirs).ok().as_ref() != Some(ours) {
            return Err(CallbackError::StateMismatch);
        }
    }
    match (code, error) {
        (Some(_), Some(_)) => Err(CallbackError::Ambiguous("code")),
        (Some(code), None) => AuthorizationCode::parse(&code).map_err(CallbackError::InvalidCode),
        (None, Some(error)) => {
            let description = description.map(|text| ServerText::new(&text));
            Err(match error.as_str() {
                "access_denied" => CallbackError::Denied { description },
                error => CallbackError::Failed { error: ServerText::new(error), description },
            })
        }
        (None, None) => Err(CallbackError::MissingCode),
    }
}

/// Returns the reserved parameters of a query, in the order of [`RESERVED_PARAMETERS`]. An empty value counts as
/// missing (RFC 6749, section 3.1).
fn parameters(query: &str) -> Result<[Option<Zeroizing<String>>; 4]> {
    if !has_whole_escapes(query) {
        return Err(CallbackError::Malformed);
    }
    let mut found = [None, None, None, None];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // Compare the name first, to avoid copying the values of other parameters.
        let slots = found.iter_mut().zip(RESERVED_PARAMETERS);
        if let Some((slot, reserved)) = slots.into_iter().find(|(_, reserved)| name == *reserved) {
            if slot.replace(Zeroizing::new(value.into_owned())).is_some() {
                return Err(CallbackError::Ambiguous(reserved));
            }
        }
    }
    Ok(found.map(|value| value.filter(|value| !value.is_empty())))
}
