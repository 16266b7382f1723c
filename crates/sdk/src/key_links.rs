//! Links to a key's pages.

use std::fmt::{self, Write as _};

use openrouter_oauth_models::ApiKey;
use sha2::{Digest, Sha256};

/// Links to OpenRouter's pages about one key, which only the key's owner can open.
///
/// A link contains the key's SHA-256. The hash does not reveal the key, but it identifies the key permanently, so keep
/// it out of logs. `Debug` omits it.
///
/// ```
/// use openrouter_oauth::{ApiKey, KeyLinks};
///
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// let links = KeyLinks::new(&ApiKey::parse("sk-or-v1-0e6f")?);
/// println!("To limit or delete the key, open {}", links.settings());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct KeyLinks {
    activity: String,
    settings: String,
}

impl KeyLinks {
    /// Creates the links for `key`.
    pub fn new(key: &ApiKey) -> Self {
        let mut hash = String::with_capacity(64);
        for byte in Sha256::digest(key.expose()) {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Self {
            activity: format!("https://openrouter.ai/logs?api_key_hash={hash}"),
            settings: format!("https://openrouter.ai/keys/{hash}"),
        }
    }

    /// Returns the link to the log of the key's requests.
    pub fn activity(&self) -> &str {
        &self.activity
    }

    /// Returns the link to the key's settings, where its owner can rename, limit, disable, or delete it.
    pub fn settings(&self) -> &str {
        &self.settings
    }
}

impl fmt::Debug for KeyLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLinks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_contain_the_sha_256_of_the_key_in_lowercase_hex() {
        // The digest of "abc" from FIPS 180-2, appendix B.1.
        let links = KeyLinks::new(&ApiKey::parse("abc").unwrap());
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(links.activity(), format!("https://openrouter.ai/logs?api_key_hash={hash}"));
        assert_eq!(links.settings(), format!("https://openrouter.ai/keys/{hash}"));
        assert!(!format!("{links:?}").contains(hash));
    }
}
