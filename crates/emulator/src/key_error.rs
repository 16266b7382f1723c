//! The error of operations on a key.

/// The error of [`Emulator::update_key`](crate::Emulator::update_key), [`spend`](crate::Emulator::spend), and
/// [`revoke_key`](crate::Emulator::revoke_key). The key did not change.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// No key has this ID. It may have been revoked, or it may be an access token, which cannot be changed.
    #[error(
        "no key has this ID; use a key that was not revoked, or the lowercase hexadecimal SHA-256 of one"
    )]
    UnknownKey,
    /// The label is too long or contains control characters.
    #[error("label must have at most 100 characters, without control characters")]
    InvalidLabel,
    /// The limit is not an amount of money.
    #[error("limit must be a number of US dollars, and not negative")]
    InvalidLimit,
    /// The amount to spend is not an amount of money, or the key's usage would become too large.
    #[error(
        "dollars must be a number, and not negative; a key can spend at most 1,000,000 US dollars in total"
    )]
    InvalidSpend,
}
