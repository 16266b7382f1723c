//! The result of [`Login::ensure`](crate::Login::ensure).

use openrouter_oauth::{ApiKey, Error, models::KeyInfo};

use crate::SignedIn;

/// The key that [`Login::ensure`](crate::Login::ensure) returns, and how it got that key.
#[non_exhaustive]
#[derive(Debug)]
#[must_use = "it contains the key"]
pub enum Ensured {
    /// The stored key, which OpenRouter accepts.
    #[non_exhaustive]
    Accepted {
        /// The key.
        key: ApiKey,
        /// OpenRouter's description of the key.
        info: Box<KeyInfo>,
    },
    /// The stored key, which may or may not be valid. OpenRouter could not be reached, something else responded, or
    /// OpenRouter's response does not show whether the key is valid. For example, the key's limit is spent.
    #[non_exhaustive]
    Unchecked {
        /// The key.
        key: ApiKey,
        /// The reason why the key could not be checked.
        error: Error,
    },
    /// A new key. No key was stored, or OpenRouter rejected the stored one.
    SignedIn(SignedIn),
}

impl Ensured {
    /// Returns the key.
    pub fn key(&self) -> &ApiKey {
        match self {
            Self::Accepted { key, .. } | Self::Unchecked { key, .. } => key,
            Self::SignedIn(signed_in) => &signed_in.key,
        }
    }

    /// Returns the key.
    pub fn into_key(self) -> ApiKey {
        match self {
            Self::Accepted { key, .. } | Self::Unchecked { key, .. } => key,
            Self::SignedIn(signed_in) => signed_in.key,
        }
    }
}
