//! A pending sign-in as separate fields, for a compact store such as a cookie.

use std::{fmt, time::SystemTime};

use openrouter_oauth_models::{CallbackUrl, CodeVerifier, KeyLabel, Origin, State};

use super::{
    begun_at::BegunAt, callback::Callback, pending::PendingSignIn, pending_exchange::PendingExchange,
};
use crate::error::Error;

/// The fields of a fresh [`PendingSignIn`] that differ between attempts, including its verifier.
///
/// Use them for a store in which JSON is too long, such as an encrypted cookie. To restore the sign-in,
/// you also need its other fields: the origin of the service, the callback URL, and the label.
///
/// `Debug` omits the attempt ID and redacts the other secrets.
#[expect(clippy::exhaustive_structs, reason = "a store that misses a new field must not compile")]
pub struct PendingParts {
    /// The ID of the attempt: 1 to 128 of the characters `A-Z a-z 0-9 - _`. An attempt that
    /// [`begin`](crate::Authorize::begin) started has 22, which encode 16 bytes.
    pub attempt_id: String,
    /// The `state`. That of `begin` has 22 characters, which encode 16 bytes.
    pub state: State,
    /// The verifier. That of `begin` has 43 characters, which encode 32 bytes.
    pub code_verifier: CodeVerifier,
    /// The time at which the sign-in began, in whole seconds, between the years 1970 and 9999.
    pub begun_at: SystemTime,
    /// Whether the code may have been used, because an earlier exchange ended with a response that was not OpenRouter's.
    pub doubtful: bool,
}

impl PendingSignIn {
    /// Splits a fresh sign-in into its fields, **with its verifier**. After an exchange that failed and left it fresh,
    /// this works again, as for [`into_secret_json`](Self::into_secret_json).
    ///
    /// # Errors
    ///
    /// [`Error::Spent`] if the sign-in cannot be used again.
    pub fn into_secret_parts(mut self) -> Result<PendingParts, Error> {
        Ok(PendingParts {
            attempt_id: self.attempt_id().to_owned(),
            code_verifier: self.exchange.take_verifier()?,
            begun_at: self.exchange.begun_at.time(),
            doubtful: self.exchange.is_doubtful,
            state: self.callback.state,
        })
    }

    /// Restores a sign-in that began with `origin` from the fields of [`into_secret_parts`](Self::into_secret_parts).
    ///
    /// `callback_url` is the URL that was passed to [`Client::authorize`](crate::Client::authorize), without the attempt
    /// ID.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the attempt ID or the time is out of bounds, or if the callback URL becomes too long.
    pub fn from_secret_parts(
        parts: PendingParts,
        origin: &Origin,
        callback_url: &CallbackUrl,
        key_label: Option<KeyLabel>,
    ) -> Result<Self, Error> {
        let url = callback_url.with_segment(&parts.attempt_id)?;
        let begun_at =
            parts.begun_at.duration_since(SystemTime::UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
        let begun_at = BegunAt::from_seconds(begun_at)?;
        let mut exchange = PendingExchange::new(origin.clone(), key_label, parts.code_verifier, begun_at);
        exchange.is_doubtful = parts.doubtful;
        Ok(Self::new(Callback { url, state: parts.state }, exchange))
    }
}

impl fmt::Debug for PendingParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingParts")
            .field("state", &self.state)
            .field("code_verifier", &self.code_verifier)
            .field("begun_at", &self.begun_at)
            .field("doubtful", &self.doubtful)
            .finish_non_exhaustive()
    }
}
