//! The ways in which a sign-in ends without a key.

use std::{fmt, time::Duration};

use openrouter_oauth::KeyLabel;

/// The reason why a callback ended without a key.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The user declined. The attempt is over.
    Denied,
    /// The attempt is too old, began in the future, or OpenRouter says that its code is too old. The attempt is over.
    Expired,
    /// Another request ended the attempt: it received the key, or OpenRouter rejected the code.
    AlreadyUsed,
    /// OpenRouter rejected the code, or could not complete the authorization. The attempt is over.
    Rejected,
    /// The exchange may have created a key that was lost. The code is not sent again.
    OutcomeUnknown {
        /// The label of the key to look for, if the sign-in sets one. This is the current setting. If it changed after
        /// the attempt began, the key has the earlier label.
        key_label: Option<KeyLabel>,
    },
    /// The callback belongs to no attempt of this browser and this user, or its query is malformed. Nothing was sent.
    NotOurs,
    /// This request did not use the code. The attempt continues, and a reload exchanges the code, or shows the outcome
    /// of another request. If the store of claims failed, a reload may show [`OutcomeUnknown`](Self::OutcomeUnknown),
    /// although nothing was sent: see [`Claims`](crate::Claims).
    TryAgain {
        /// The least wait that OpenRouter asked for; `None` if it did not, or if this request sent nothing.
        retry_after: Option<Duration>,
    },
    /// Another request exchanges the code. This one sent nothing. The attempt continues, and a reload shows the outcome.
    StillRunning {
        /// When to reload: in at most 5 seconds.
        retry_after: Duration,
    },
    /// The browser fetched the callback ahead of time. The attempt continues.
    Prefetch,
    /// The callback's method is not `GET`. The attempt continues.
    WrongMethod,
}

/// An outcome that ends an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FinalOutcome {
    Denied,
    Expired,
    AlreadyUsed,
    Rejected,
    OutcomeUnknown,
}

impl FinalOutcome {
    const ALL: [Self; 5] =
        [Self::Denied, Self::Expired, Self::AlreadyUsed, Self::Rejected, Self::OutcomeUnknown];

    pub(crate) fn as_byte(self) -> u8 {
        match self {
            Self::Denied => 1,
            Self::Expired => 2,
            Self::AlreadyUsed => 3,
            Self::Rejected => 4,
            Self::OutcomeUnknown => 5,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_byte() == byte)
    }

    pub(crate) fn labeled(self, key_label: Option<&KeyLabel>) -> Outcome {
        match self {
            Self::Denied => Outcome::Denied,
            Self::Expired => Outcome::Expired,
            Self::AlreadyUsed => Outcome::AlreadyUsed,
            Self::Rejected => Outcome::Rejected,
            Self::OutcomeUnknown => Outcome::OutcomeUnknown { key_label: key_label.cloned() },
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the user declined",
            Self::Expired => "the sign-in took too long",
            Self::AlreadyUsed => "another request ended the sign-in",
            Self::Rejected => "OpenRouter rejected the sign-in",
            Self::OutcomeUnknown { .. } => "the exchange may have created a key that was lost",
            Self::NotOurs => {
                "the callback is malformed, or belongs to no sign-in of this browser and this user"
            }
            Self::TryAgain { .. } => "this request did not use the code; a reload tries again",
            Self::StillRunning { .. } => "another request is still completing the sign-in",
            Self::Prefetch => "the browser fetched the callback ahead of time",
            Self::WrongMethod => "the method of a callback must be GET",
        })
    }
}
