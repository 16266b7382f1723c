//! Reads the code from a callback.

use openrouter_oauth_models::{
    AuthorizationCode, CallbackUrl, InvalidValue, ServerText, State, has_whole_escapes,
};
use zeroize::Zeroizing;

/// The error for a callback or pasted text without a valid code.
///
/// Only [`Denied`](Self::Denied) and [`Failed`](Self::Failed) [end a sign-in](Self::ends_sign_in). The other variants
/// mean a foreign request or a user's mistake: respond to it, and keep waiting.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallbackError {
    /// The path, attempt ID, or host does not match this sign-in's callback. For a pasted address, only the attempt ID
    /// counts.
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
    /// The user pasted an API key (`sk-or-…`).
    #[error("this is an API key, not a code; it was not sent anywhere")]
    ApiKey,
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

pub(super) type Result<T> = std::result::Result<T, CallbackError>;

/// The parameters that OpenRouter adds to a callback. A program's callback URL must not contain them.
pub(crate) const RESERVED_PARAMETERS: [&str; 4] = ["code", "state", "error", "error_description"];

const MAX_BYTES: usize = 8 * 1024;

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

    /// Reads the query of a callback whose path ends with `attempt_id`.
    pub(crate) fn read_query(&self, attempt_id: &str, query: &str) -> Result<AuthorizationCode> {
        if query.len() > MAX_BYTES {
            return Err(CallbackError::Malformed);
        }
        if !self.url.has_last_segment(attempt_id) {
            return Err(CallbackError::NotOurs);
        }
        read_code(query, Some(&self.state))
    }
}

/// Reads the code or the error from the parameters of a query.
///
/// `ExpectedState` is always [`State`]. The type parameter allows only `==`, which takes constant time: comparing the
/// exposed text would not compile.
pub(super) fn read_code<ExpectedState>(
    query: &str,
    state: Option<&ExpectedState>,
) -> Result<AuthorizationCode>
where
    ExpectedState: PartialEq + for<'a> TryFrom<&'a str>,
{
    let [code, their_state, error, description] = parameters(query)?;
    if let (Some(theirs), Some(ours)) = (their_state, state) {
        let is_ours = |theirs: &str| ExpectedState::try_from(theirs).ok().as_ref() == Some(ours);
        if !decode_value(theirs, is_ours) {
            return Err(CallbackError::StateMismatch);
        }
    }
    match (code, error) {
        (Some(_), Some(_)) => Err(CallbackError::Ambiguous("code")),
        (Some(code), None) => {
            decode_value(code, AuthorizationCode::parse).map_err(CallbackError::InvalidCode)
        }
        (None, Some(error)) => {
            let description = description.map(|pair| decode_value(pair, ServerText::new));
            Err(decode_value(error, |error| match error {
                "access_denied" => CallbackError::Denied { description },
                error => CallbackError::Failed { error: ServerText::new(error), description },
            }))
        }
        (None, None) => Err(CallbackError::MissingCode),
    }
}

/// Returns the reserved parameters of a query as they are written, `name=value`, in the order of
/// [`RESERVED_PARAMETERS`]. An empty value counts as missing (RFC 6749, section 3.1).
fn parameters(query: &str) -> Result<[Option<&str>; 4]> {
    if !has_whole_escapes(query) {
        return Err(CallbackError::Malformed);
    }
    let mut found = [None; 4];
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slots = found.iter_mut().zip(RESERVED_PARAMETERS);
        if let Some((slot, reserved)) = slots.into_iter().find(|(_, reserved)| is_name(name, reserved)) {
            if slot.replace((pair, value)).is_some() {
                return Err(CallbackError::Ambiguous(reserved));
            }
        }
    }
    Ok(found.map(|pair| pair.filter(|(_, value)| !value.is_empty()).map(|(pair, _)| pair)))
}

/// Returns whether `written` is `name`, possibly with percent-escapes. Copies it only if it has some.
fn is_name(written: &str, name: &str) -> bool {
    let decodes_to_name =
        || form_urlencoded::parse(written.as_bytes()).next().is_some_and(|(decoded, _)| decoded == name);
    written == name || written.contains('%') && decodes_to_name()
}

/// Passes the decoded value of a parameter to `read`, and returns its result. If the value had to be copied, the copy
/// is wiped.
fn decode_value<T>(pair: &str, read: impl FnOnce(&str) -> T) -> T {
    if !pair.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return read(pair.split_once('=').map_or("", |(_, value)| value));
    }
    let value = form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
    read(&Zeroizing::new(value.unwrap_or_default()))
}
