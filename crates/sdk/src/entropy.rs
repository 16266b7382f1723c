//! The source of random bytes.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use openrouter_oauth_models::InvalidValue;
use openrouter_oauth_transport::BoxError;
use zeroize::Zeroizing;

use crate::error::Error;

/// A source of random bytes for verifiers, attempt IDs, and states, and for the waits between retries.
///
/// Implement this trait for tests, or to use another cryptographic generator than `OsEntropy`. Outside of tests, the
/// bytes must be unpredictable (RFC 7636, section 7.1).
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    ///
    /// Return an error if the source fails. The sign-in then does not begin: there is no fallback.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError>;
}

/// The operating system's random generator, through the crate `getrandom`.
#[cfg(feature = "getrandom")]
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

#[cfg(feature = "getrandom")]
impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        getrandom::fill(bytes).map_err(Into::into)
    }
}

/// Encodes `N` random bytes, at most 48, as base64url without padding. Passes the text to `read`, wipes it, and returns
/// the result of `read`.
pub(crate) fn random_text<const N: usize, T>(
    entropy: &dyn Entropy,
    read: impl FnOnce(&str) -> Result<T, InvalidValue>,
) -> Result<T, Error> {
    const { assert!(N <= 48, "the text would not fit") }
    let mut bytes = Zeroizing::new([0; N]);
    entropy.fill(&mut *bytes).map_err(Error::Randomness)?;
    let mut text = Zeroizing::new([0; 64]);
    let text =
        Base64UrlUnpadded::encode(&*bytes, &mut *text).map_err(|error| Error::Randomness(error.into()))?;
    Ok(read(text)?)
}

/// Returns a random number in `0.0..1.0` for jitter, or 1 if `entropy` fails, for the longest wait.
pub(crate) fn random_fraction(entropy: &dyn Entropy) -> f64 {
    let mut bytes = [0; 4];
    match entropy.fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 1.0,
    }
}
