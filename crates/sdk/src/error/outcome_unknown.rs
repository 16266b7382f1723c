//! A request whose result is lost.

use std::{error::Error as StdError, fmt};

use http::StatusCode;
use openrouter_oauth_models::{ApiError, Endpoint as _, ExchangeAuthCode, KeyLabel, ServerText, Timestamp};
use openrouter_oauth_transport::BoxError;

/// A request that may have been acted on, without a usable response.
#[derive(Debug)]
pub struct OutcomeUnknown {
    pub(crate) operation: &'static str,
    pub(crate) reason: UnknownReason,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<ServerText>,
    pub(crate) key_label: Option<KeyLabel>,
    pub(crate) noticed_at: Option<Timestamp>,
    pub(crate) retryable: bool,
    pub(crate) api: Option<Box<ApiError>>,
    pub(crate) source: Option<BoxError>,
}

/// Why an outcome is not known.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum UnknownReason {
    /// The response took too long.
    Timeout,
    /// The connection broke before the response was whole.
    Cut,
    /// The response is larger than allowed.
    TooLarge,
    /// The response says success, and what it holds cannot be read.
    Unreadable,
    /// The server failed, with a status that does not tell how far it came.
    Status,
    /// Anything else; see the source.
    Other,
}

impl OutcomeUnknown {
    /// Why the outcome is not known.
    pub fn reason(&self) -> UnknownReason {
        self.reason
    }

    /// The status of the response, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The label of the key that may have been made, if the sign-in gave it one.
    pub fn key_label(&self) -> Option<&KeyLabel> {
        self.key_label.as_ref()
    }

    /// When the outcome was found to be unknown: a key that was made is a little older.
    pub fn noticed_at(&self) -> Option<Timestamp> {
        self.noticed_at
    }

    /// The server's name of the request (`cf-ray` or `x-request-id`), to give to its support.
    pub fn request_id(&self) -> Option<&ServerText> {
        self.request_id.as_ref()
    }
}

impl OutcomeUnknown {
    /// Where to look for a key that nobody holds.
    fn fmt_advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("; a key may have been made")?;
        if let Some(label) = &self.key_label {
            write!(f, " named \"{label}\"")?;
        }
        if let Some(time) = self.noticed_at {
            write!(f, " before {time}")?;
        }
        f.write_str(": look for it at https://openrouter.ai/settings/keys and delete it, then sign in again")
    }
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the outcome of {} is not known: {}", self.operation, self.reason)?;
        if let Some(status) = self.status {
            write!(f, " (status {status})")?;
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
            Self::Cut => "the connection broke before the response was whole",
            Self::TooLarge => "the response is too large",
            Self::Unreadable => "the response cannot be read",
            Self::Status => "the server failed",
            Self::Other => "the request failed",
        })
    }
}
