//! The outcome of the user's decision.

use std::fmt;

use serde_json::{Value, json};

/// The outcome of the user's decision. `Debug` shows neither code nor URL.
#[non_exhaustive]
#[derive(Clone, Eq, PartialEq)]
pub enum DecisionOutcome {
    /// The service redirects the browser to this URL: the callback with a `code` or an `error`. The redirect has not
    /// been followed.
    Redirected(String),
    /// There is no callback URL, so the page shows this code to copy.
    Code(String),
    /// The user declined, and the application is not notified.
    Denied,
}

impl DecisionOutcome {
    /// Formats the outcome as the JSON of `POST /auth`.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Redirected(url) => json!({ "redirect_to": url }),
            Self::Code(code) => json!({ "code": code }),
            Self::Denied => json!({ "denied": true }),
        }
    }

    /// Parses the JSON that [`to_json`](Self::to_json) returns.
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let text = |name| json.get(name)?.as_str().map(str::to_owned);
        text("redirect_to")
            .map(Self::Redirected)
            .or_else(|| text("code").map(Self::Code))
            .or_else(|| json.get("denied")?.as_bool()?.then_some(Self::Denied))
    }
}

impl fmt::Debug for DecisionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirected(_) => f.debug_tuple("Redirected").finish_non_exhaustive(),
            Self::Code(_) => f.debug_tuple("Code").finish_non_exhaustive(),
            Self::Denied => f.write_str("Denied"),
        }
    }
}
