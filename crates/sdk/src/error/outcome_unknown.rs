//! The error for a request whose result is lost.

use std::{
    error::Error as StdError,
    fmt,
    time::{Duration, SystemTime},
};

use http::StatusCode;
use openrouter_oauth_models::{
    ApiError, Endpoint, ExchangeAuthCode, KeyLabel, Origin, ServerText, Timestamp,
};
use openrouter_oauth_transport::BoxError;
use zeroize::Zeroizing;

/// The error for a request that OpenRouter may have acted on, but whose result is lost.
///
/// Only operations that are not idempotent have it: the exchange of a code, and the creation of one.
pub struct OutcomeUnknown {
    pub(crate) operation: &'static str,
    pub(crate) activity: &'static str,
    pub(crate) origin: Origin,
    pub(crate) reason: UnknownReason,
    pub(crate) status: Option<StatusCode>,
    pub(crate) content_encoding: Option<ServerText>,
    pub(crate) request_id: Option<ServerText>,
    pub(crate) key_label: Option<KeyLabel>,
    pub(crate) noticed_at: Option<Timestamp>,
    pub(crate) body: Zeroizing<Vec<u8>>,
    pub(crate) api: Option<Box<ApiError>>,
    pub(crate) source: Option<BoxError>,
}

/// The reason why an outcome is unknown.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum UnknownReason {
    /// The response took too long.
    Timeout,
    /// The connection broke before the response was complete.
    Cut,
    /// The response is larger than allowed.
    TooLarge,
    /// The status is a success, but the body or the HTTP message cannot be read.
    Unreadable,
    /// The server failed with a status that does not show whether it processed the request.
    Status,
    /// OpenRouter rejected the exchange, but an earlier exchange of this sign-in ended with a response that was not
    /// OpenRouter's. The code may have been used then.
    RejectedLater,
    /// Any other reason; see the source.
    Other,
}

impl OutcomeUnknown {
    /// Creates the error for a request of type `E` that failed `now`, with what is known of the response.
    pub(crate) fn new<E: Endpoint>(
        origin: Origin,
        reason: UnknownReason,
        response: Option<&ApiError>,
        now: SystemTime,
    ) -> Self {
        Self {
            operation: E::OPERATION,
            activity: E::ACTIVITY,
            origin,
            reason,
            status: response.map(ApiError::status),
            content_encoding: response.and_then(ApiError::content_encoding),
            request_id: response.and_then(ApiError::request_id),
            key_label: None,
            noticed_at: rounded_up(now),
            body: Zeroizing::default(),
            api: None,
            source: None,
        }
    }

    /// Returns the reason why the outcome is unknown.
    pub fn reason(&self) -> UnknownReason {
        self.reason
    }

    /// Returns the status of the response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns the label of the key that may have been created, if the sign-in set one.
    pub fn key_label(&self) -> Option<&KeyLabel> {
        self.key_label.as_ref()
    }

    /// Returns the time at which the request failed. If a key was created, it is slightly older.
    pub fn noticed_at(&self) -> Option<Timestamp> {
        self.noticed_at
    }

    /// Returns the server's ID for the request (`cf-ray` or `x-request-id`). Quote it when you contact OpenRouter's
    /// support.
    pub fn request_id(&self) -> Option<&ServerText> {
        self.request_id.as_ref()
    }

    /// Returns the first 16 KiB of a response that could not be read, as the server sent them. Empty for any other
    /// reason than [`UnknownReason::Unreadable`].
    ///
    /// They may contain the key, for example if a proxy wrapped the response in HTML. Do not print or log them. They
    /// are wiped on drop.
    pub fn expose_body(&self) -> &[u8] {
        &self.body
    }
}

impl OutcomeUnknown {
    /// Writes where the user can find a key that the program never received.
    fn fmt_advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("; a key")?;
        if let Some(label) = &self.key_label {
            write!(f, " labeled \"{label}\"")?;
        }
        f.write_str(" may have been created")?;
        if let Some(time) = self.noticed_at {
            write!(f, " before {time}")?;
        }
        match &self.origin {
            origin if *origin == Origin::OPENROUTER => write!(f, ": look for it at {origin}/settings/keys")?,
            // Another service, such as an emulator, may have no such page.
            origin => write!(f, ": look for it in the list of keys at {origin}")?,
        }
        f.write_str(" and delete it, then sign in again")
    }
}

/// Rounds up to the second. Returns `None` if the time is out of range.
fn rounded_up(time: SystemTime) -> Option<Timestamp> {
    let time = Timestamp::try_from(time.checked_add(Duration::from_nanos(999_999_999))?).ok()?;
    Timestamp::from_unix_seconds(time.as_unix_seconds()).ok()
}

impl fmt::Debug for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomeUnknown")
            .field("operation", &self.operation)
            .field("origin", &self.origin)
            .field("reason", &self.reason)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("key_label", &self.key_label)
            .field("noticed_at", &self.noticed_at)
            .field("api", &self.api)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the outcome of {} is unknown: {}", self.activity, self.reason)?;
        match (&self.status, &self.content_encoding) {
            (Some(status), Some(encoding)) => write!(f, " (status {status}, content encoding {encoding})")?,
            (Some(status), None) => write!(f, " (status {status})")?,
            (None, _) => {}
        }
        if self.operation == ExchangeAuthCode::OPERATION {
            self.fmt_advice(f)?;
        }
        Ok(())
    }
}

impl StdError for OutcomeUnknown {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (&self.source, &self.api) {
            (Some(source), _) => Some(&**source),
            (None, Some(api)) => Some(&**api),
            (None, None) => None,
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the response took too long",
            Self::Cut => "the connection broke before the response was complete",
            Self::TooLarge => "the response is too large",
            Self::Unreadable => "the response cannot be read",
            Self::Status => "the server failed",
            Self::RejectedLater => {
                "OpenRouter rejected the exchange, but an earlier response was not OpenRouter's"
            }
            Self::Other => "the request failed",
        })
    }
}
