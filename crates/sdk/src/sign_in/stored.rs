//! A pending sign-in as JSON, for a session store.

use std::{borrow::Cow, fmt, mem};

use openrouter_oauth_models::{CallbackUrl, CodeVerifier, InvalidValue, KeyLabel, Origin, State};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{begun_at::BegunAt, callback::Callback, pending_exchange::PendingExchange};
use crate::error::Error;

/// A pending sign-in as JSON, including its verifier.
///
/// Protect it like session data, and remove it from the store when you restore the sign-in.
pub struct PendingSecret(Zeroizing<String>);

#[derive(Deserialize, Serialize)]
struct Stored<'a> {
    version: u32,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(borrow)]
    callback_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    key_label: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code_verifier: Cow<'a, str>,
    /// In seconds since 1970.
    begun_at: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    doubtful: bool,
}

const VERSION: u32 = 1;

pub(super) fn write(
    callback: Option<&Callback>,
    mut exchange: PendingExchange,
) -> Result<PendingSecret, Error> {
    let verifier = exchange.take_verifier()?;
    let stored = Stored {
        version: VERSION,
        origin: Cow::Borrowed(exchange.origin.as_str()),
        callback_url: callback.map(|callback| Cow::Borrowed(callback.url.as_str())),
        state: callback.map(|callback| Cow::Borrowed(callback.state.expose())),
        key_label: exchange.key_label.as_ref().map(|label| Cow::Borrowed(label.as_str())),
        code_verifier: Cow::Borrowed(verifier.expose()),
        begun_at: exchange.begun_at.as_seconds(),
        doubtful: exchange.is_doubtful,
    };
    // Large enough for every sign-in, so that a growing buffer leaves no copies of the verifier behind.
    let mut json = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *json, &stored).map_err(|_| not_stored())?;
    let json = String::from_utf8(mem::take(&mut *json)).map_err(|_| not_stored())?;
    Ok(PendingSecret(Zeroizing::new(json)))
}

pub(super) fn read(json: &str) -> Result<(Option<Callback>, PendingExchange), Error> {
    let stored: Stored<'_> = serde_json::from_str(json).map_err(|_| not_stored())?;
    if stored.version != VERSION {
        return Err(not_stored().into());
    }
    // Any origin, even with plain `http`: an exchange needs a client of the same origin, and `ClientBuilder::build` checks
    // that one.
    let origin = Origin::parse(&stored.origin)?;
    if origin.as_str() != stored.origin {
        return Err(not_stored().into());
    }
    let callback = match (&stored.callback_url, &stored.state) {
        (Some(url), Some(state)) => {
            Some(Callback { url: CallbackUrl::parse(url)?, state: State::parse(state)? })
        }
        (None, None) => None,
        _ => return Err(not_stored().into()),
    };
    let verifier = CodeVerifier::parse(&stored.code_verifier)?;
    let key_label = stored.key_label.as_deref().map(KeyLabel::parse).transpose()?;
    let mut exchange =
        PendingExchange::new(origin, key_label, verifier, BegunAt::from_seconds(stored.begun_at)?);
    exchange.is_doubtful = stored.doubtful;
    Ok((callback, exchange))
}

pub(super) fn not_stored() -> InvalidValue {
    InvalidValue::new("stored sign-in", "cannot be read")
}

impl PendingSecret {
    /// Returns the JSON, which contains the verifier.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PendingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingSecret([redacted])")
    }
}
