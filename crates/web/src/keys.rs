//! The keys of an application: for its cookies, and for its database.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The error for text that is not a list of keys. It does not quote the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "each key must be 64 hexadecimal digits for 32 random bytes, not one repeated byte, and differ from the others: \
     `openssl rand -hex 32`"
)]
#[non_exhaustive]
pub struct InvalidKeys;

/// A list of keys. The first one seals; each of them opens.
pub(crate) struct KeyRing {
    /// What the keys are for. One secret gives different keys for different purposes.
    purpose: &'static str,
    first: Key,
    others: Vec<Key>,
}

/// The keys derived from 32 bytes, one for each use.
pub(crate) struct Key {
    /// Public: it says which key sealed a text.
    pub(crate) id: [u8; 4],
    pub(crate) sealing: Zeroizing<[u8; 32]>,
    hashing: Zeroizing<[u8; 32]>,
    is_weak: bool,
}

impl KeyRing {
    fn new(purpose: &'static str, key: &[u8; 32]) -> Self {
        Self { purpose, first: Key::new(purpose, key), others: Vec::new() }
    }

    fn add(&mut self, key: &[u8; 32]) {
        self.others.push(Key::new(self.purpose, key));
    }

    /// Parses keys of 64 hexadecimal digits, separated by commas.
    fn parse(purpose: &'static str, text: &str) -> Result<Self, InvalidKeys> {
        let mut keys = text.split(',').map(|key| parse_hex(key.trim()));
        let mut ring = Self::new(purpose, &*keys.next().ok_or(InvalidKeys)??);
        for key in keys {
            ring.add(&*key?);
        }
        if ring.has_weak_key() || ring.has_repeated_key() { Err(InvalidKeys) } else { Ok(ring) }
    }

    pub(crate) fn sealing(&self) -> &Key {
        &self.first
    }

    /// Returns the keys that may have sealed a text with this ID.
    pub(crate) fn with_id(&self, id: [u8; 4]) -> impl Iterator<Item = &Key> {
        self.all().filter(move |key| key.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns the keyed hash of a local user, so that a stolen cookie does not show who it belongs to.
    pub(crate) fn hash(&self, text: &str) -> [u8; 32] {
        hash(&self.first.hashing, text)
    }

    /// Returns whether `hash` is that of `text` under any key. The comparison takes constant time.
    pub(crate) fn has_hash(&self, text: &str, hash: &[u8; 32]) -> bool {
        self.all().any(|key| mac(&key.hashing, text).verify(hash.into()).is_ok())
    }

    pub(crate) fn has_weak_key(&self) -> bool {
        self.all().any(|key| key.is_weak)
    }

    pub(crate) fn has_repeated_key(&self) -> bool {
        self.all().enumerate().any(|(index, key)| self.all().skip(index + 1).any(|other| other.id == key.id))
    }
}

impl Key {
    fn new(purpose: &str, bytes: &[u8; 32]) -> Self {
        let [first, ..] = *bytes;
        let derive = |label: &str| {
            Zeroizing::new(hash(bytes, &["openrouter-oauth-web 1 ", purpose, " ", label].concat()))
        };
        let [a, b, c, d, ..] = *derive("key id");
        Self {
            id: [a, b, c, d],
            sealing: derive("sealing"),
            hashing: derive("hashing"),
            is_weak: bytes.iter().all(|byte| *byte == first),
        }
    }
}

fn mac(key: &[u8; 32], text: &str) -> Hmac<Sha256> {
    // The block of SHA-256. HMAC pads a shorter key with zeros (RFC 2104, section 2).
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new((&*block).into()).chain_update(text)
}

fn hash(key: &[u8; 32], text: &str) -> [u8; 32] {
    mac(key, text).finalize().into_bytes().into()
}

fn parse_hex(text: &str) -> Result<Zeroizing<[u8; 32]>, InvalidKeys> {
    let mut key = Zeroizing::new([0; 32]);
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return Err(InvalidKeys);
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let digit = char::from(*digit).to_digit(16).ok_or(InvalidKeys)?;
            *byte = *byte << 4 | u8::try_from(digit).map_err(|_| InvalidKeys)?;
        }
    }
    Ok(key)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key(s), [redacted]", self.all().count())
    }
}

/// Defines a public type of keys.
macro_rules! keys {
    ($(#[$meta:meta])* $name:ident, $purpose:literal, $rejected:literal) => {
        $(#[$meta])*
        ///
        /// To rotate keys, first deploy the new key to all instances with [`open_with`](Self::open_with). Then deploy
        /// them again with the new key in [`new`](Self::new) and the old one in `open_with`. Remove the old key once
        /// nothing is left that it sealed.
        #[derive(Debug)]
        pub struct $name(KeyRing);

        impl $name {
            /// Creates the keys with a key that seals and opens: 32 random bytes. One repeated byte is rejected
            #[doc = $rejected]
            pub fn new(key: [u8; 32]) -> Self {
                Self(KeyRing::new($purpose, &Zeroizing::new(key)))
            }

            /// Adds a key that only opens: an older or the next one.
            #[must_use]
            pub fn open_with(mut self, key: [u8; 32]) -> Self {
                self.0.add(&Zeroizing::new(key));
                self
            }

            /// Parses keys of 64 hexadecimal digits, separated by commas, such as from an environment variable. The
            /// first seals, and all open.
            ///
            /// # Errors
            ///
            /// [`InvalidKeys`] if a key has another form, is one repeated byte, or is repeated.
            pub fn parse(text: &str) -> Result<Self, InvalidKeys> {
                KeyRing::parse($purpose, text).map(Self)
            }

            pub(crate) fn ring(&self) -> &KeyRing {
                &self.0
            }
        }
    };
}

keys! {
    /// The keys that seal the cookies of attempts to sign in. All instances of an application share them.
    ///
    /// A thief of a cookie key can open the cookies that they can read, and can forge others. No cookie contains an API
    /// key. A cookie contains the verifier: with the cookie of an attempt and its unused code, the thief can exchange the
    /// code at OpenRouter, without the session of the user.
    ///
    /// Cookies live for two hours by default, an hour longer than their attempts, so a rotated key can be removed after
    /// two hours.
    CookieKeys, "cookie", "by [`SignInBuilder::build`](crate::SignInBuilder::build)."
}

keys! {
    /// The keys that seal API keys for the application's database. See [`SealedKey`](crate::SealedKey).
    ///
    /// A thief of a vault key **and** of the database has every user's API key. With only one of them, they have none.
    /// Keep the vault keys out of the database and its backups. They must differ from the cookie keys.
    VaultKeys, "vault", "by [`SealedKey::seal`](crate::SealedKey::seal)."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_a_subject_depends_on_the_key() {
        let [first, second] = [[1; 32], [2; 32]].map(|key| KeyRing::new("cookie", &key));
        let hash = first.hash("alice");
        assert!(first.has_hash("alice", &hash) && !first.has_hash("bob", &hash));
        assert!(!second.has_hash("alice", &hash));
        assert_ne!(hash, second.hash("alice"));
    }

    #[test]
    fn keys_for_different_purposes_differ() {
        let [cookie, vault] = ["cookie", "vault"].map(|purpose| Key::new(purpose, &[1; 32]));
        assert_ne!(cookie.id, vault.id);
        assert_ne!(cookie.sealing, vault.sealing);
        assert_ne!(cookie.hashing, vault.hashing);
    }
}
