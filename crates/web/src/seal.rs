//! Authenticated encryption (XChaCha20-Poly1305) of short texts.

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305};
use openrouter_oauth::{Entropy, transport::BoxError};
use zeroize::Zeroizing;

use crate::keys::KeyRing;

/// The bytes that a seal adds: the ID of the key, the nonce, and the tag.
pub(crate) const OVERHEAD: usize = ID + NONCE + 16;

const ID: usize = 4;
const NONCE: usize = 24;

/// The associated data of a seal: what it is for. A text opens only with the same data.
pub(crate) struct Context(Vec<u8>);

impl Context {
    /// Each part is preceded by its length, so that no two lists of parts give the same bytes.
    pub(crate) fn new(parts: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Self(bytes)
    }
}

/// Seals `plain` as base64url: ID of the key, nonce, ciphertext, and tag.
pub(crate) fn seal(
    keys: &KeyRing,
    context: &Context,
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<String, BoxError> {
    let key = keys.sealing();
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce)?;
    // Encrypted in place, so that no plaintext is left behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(OVERHEAD + plain.len()));
    buffer.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new((&*key.sealing).into());
    cipher.encrypt_in_place((&nonce).into(), &context.0, &mut *buffer)?;
    Ok(Base64UrlUnpadded::encode_string(&[&key.id[..], &nonce, &buffer].concat()))
}

/// Opens a text that [`seal`] wrote.
pub(crate) fn open(keys: &KeyRing, context: &Context, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = Base64UrlUnpadded::decode_vec(std::str::from_utf8(sealed).ok()?).ok()?;
    let (id, rest) = sealed.split_first_chunk::<ID>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
    keys.with_id(*id).find_map(|key| {
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let cipher = XChaCha20Poly1305::new((&*key.sealing).into());
        cipher.decrypt_in_place(nonce.into(), &context.0, &mut *buffer).ok()?;
        Some(buffer)
    })
}

/// Returns whether the key that seals today sealed this text.
pub(crate) fn is_current(keys: &KeyRing, sealed: &str) -> bool {
    let bytes = Base64UrlUnpadded::decode_vec(sealed).unwrap_or_default();
    bytes.first_chunk::<ID>() == Some(&keys.sealing().id)
}

#[cfg(test)]
mod tests {
    use openrouter_oauth::OsEntropy;

    use super::*;
    use crate::keys::CookieKeys;

    #[test]
    fn text_opens_only_in_its_context() {
        let keys = CookieKeys::new([3; 32]);
        let context = Context::new(&["1", "a", "bc"]);
        let sealed = seal(keys.ring(), &context, b"text", &OsEntropy::default()).unwrap();
        assert_eq!(**open(keys.ring(), &context, sealed.as_bytes()).unwrap(), *b"text");
        // The lengths of the parts count, not only their letters.
        for other in
            [&["1", "ab", "c"][..], &["1", "a", "b", "c"], &["1a", "bc"], &["2", "a", "bc"], &["1", "a"], &[]]
        {
            assert!(open(keys.ring(), &Context::new(other), sealed.as_bytes()).is_none(), "{other:?}");
        }
    }

    #[test]
    fn empty_text_is_sealed_with_the_overhead() {
        let keys = CookieKeys::new([3; 32]);
        let sealed = seal(keys.ring(), &Context::new(&[]), b"", &OsEntropy::default()).unwrap();
        assert_eq!(Base64UrlUnpadded::decode_vec(&sealed).unwrap().len(), OVERHEAD);
        assert!(is_current(keys.ring(), &sealed));
    }
}
