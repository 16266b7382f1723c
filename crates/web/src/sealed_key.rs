//! An API key, sealed for the application's database.

use std::fmt;

use openrouter_oauth::{ApiKey, OsEntropy, transport::BoxError};

use crate::{
    keys::VaultKeys,
    seal::{self, Context},
};

/// A user's API key, encrypted for the application's database with [`VaultKeys`].
///
/// It opens only for the same local user, so swapped rows of the database do not give one user the key of another.
///
/// ```
/// use openrouter_oauth::ApiKey;
/// use openrouter_oauth_web::{SealedKey, VaultKeys};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let random: [u8; 32] = std::array::from_fn(|index| index as u8);
/// let vault = VaultKeys::new(random);
/// let key = ApiKey::parse("sk-or-v1-0e6f")?;
/// let column = SealedKey::seal(&vault, "user-17", &key)?.to_string();
///
/// let sealed = SealedKey::parse(&column)?;
/// assert_eq!(sealed.open(&vault, "user-17")?, key);
/// assert!(sealed.open(&vault, "user-18").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct SealedKey(Box<str>);

/// The error of [`SealedKey`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedKeyError {
    /// The text is not that of a sealed key.
    #[error("the text is not a sealed key")]
    Malformed,
    /// No vault key opens it for this user: the vault key is missing, the row belongs to another user, or somebody changed
    /// it.
    #[error("no vault key opens the sealed key for this user")]
    CannotOpen,
    /// A vault key is one repeated byte, so the API key was not sealed.
    #[error("a vault key is one repeated byte; use 32 random bytes")]
    WeakKey,
    /// The random generator failed, so the key was not sealed.
    #[error("the API key could not be sealed")]
    CannotSeal(#[source] BoxError),
}

const PREFIX: &str = "v1.";

/// A sealed key of 512 characters, the longest, has fewer bytes.
const MAX_BYTES: usize = 1024;

impl SealedKey {
    /// Seals a key for a local user, with the vault's first key. `user` is the application's own ID, not OpenRouter's:
    /// the same text as later in [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// * [`SealedKeyError::WeakKey`] if a vault key is one repeated byte.
    /// * [`SealedKeyError::CannotSeal`] if the random generator fails.
    pub fn seal(vault: &VaultKeys, user: &str, key: &ApiKey) -> Result<Self, SealedKeyError> {
        if vault.ring().has_weak_key() {
            return Err(SealedKeyError::WeakKey);
        }
        let sealed = seal::seal(vault.ring(), &context(user), key.expose().as_bytes(), &OsEntropy::default());
        let sealed = sealed.map_err(SealedKeyError::CannotSeal)?;
        Ok(Self([PREFIX, &sealed].concat().into()))
    }

    /// Reads the text of a sealed key.
    ///
    /// # Errors
    ///
    /// [`SealedKeyError::Malformed`] if the text is not `v1.` followed by base64url, or has more than 1,024 characters.
    pub fn parse(text: &str) -> Result<Self, SealedKeyError> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let sealed = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_BYTES);
        let sealed = sealed.filter(|sealed| sealed.bytes().all(is_base64url));
        sealed.map(|_| Self(text.into())).ok_or(SealedKeyError::Malformed)
    }

    /// Returns the text for a database: at most 1,024 ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Opens the key with any key of the vault. `user` is the same text as in [`seal`](Self::seal).
    ///
    /// # Errors
    ///
    /// [`SealedKeyError::CannotOpen`] if no key of the vault opens it for this user.
    pub fn open(&self, vault: &VaultKeys, user: &str) -> Result<ApiKey, SealedKeyError> {
        let plain = seal::open(vault.ring(), &context(user), self.sealed().as_bytes());
        let plain = plain.ok_or(SealedKeyError::CannotOpen)?;
        let text = std::str::from_utf8(&plain).map_err(|_| SealedKeyError::CannotOpen)?;
        ApiKey::parse(text).map_err(|_| SealedKeyError::CannotOpen)
    }

    /// Returns whether another key than the vault's first sealed it. Then [open](Self::open) it, [seal](Self::seal) the
    /// key again, and replace the text in the database.
    pub fn needs_resealing(&self, vault: &VaultKeys) -> bool {
        !seal::is_current(vault.ring(), self.sealed())
    }

    fn sealed(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or_default()
    }
}

fn context(user: &str) -> Context {
    Context::new(&["1", "API key", user])
}

impl fmt::Display for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedKey([redacted])")
    }
}
