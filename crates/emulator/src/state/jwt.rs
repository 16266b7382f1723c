//! Signs and verifies the emulator's JSON Web Tokens, and reads those of identity providers.

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::{
    error::Unspecified,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    },
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Signs access tokens with ES256 (RFC 7518, section 3.4).
pub(crate) struct Signer {
    key_pair: EcdsaKeyPair,
    key_id: String,
}

impl Signer {
    /// Creates a signer with a new P-256 key.
    ///
    /// # Panics
    ///
    /// If the operating system's random generator fails.
    #[expect(clippy::expect_used, reason = "happens at the start, before any request")]
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let key_pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()
            .and_then(|document| {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).ok()
            })
            .expect("the operating system's random generator should work");
        let (x, y) = coordinates(&key_pair);
        // RFC 7638: the required members, sorted by name, without spaces.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let key_id = Base64UrlUnpadded::encode_string(&Sha256::digest(thumbprint));
        Self { key_pair, key_id }
    }

    /// Returns the public key as a JWK (RFC 7517).
    pub(crate) fn public_key(&self) -> Value {
        let (x, y) = coordinates(&self.key_pair);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id, "x": x, "y": y })
    }

    /// Signs a token with these claims.
    ///
    /// # Errors
    ///
    /// If the operating system's random generator fails.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Unspecified> {
        let header = json!({ "alg": "ES256", "kid": self.key_id, "typ": "at+jwt" });
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.key_pair.sign(&SystemRandom::new(), signed.as_bytes())?;
        Ok(format!("{signed}.{}", Base64UrlUnpadded::encode_string(signature.as_ref())))
    }

    /// Returns the claims of a token that this signer signed.
    pub(crate) fn verify(&self, token: &str) -> Option<Map<String, Value>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key_pair.public_key())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        read_unverified(token)
    }
}

/// Returns the claims of a well-formed token without checking its signature.
pub(crate) fn read_unverified(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let well_formed = parts.next().is_none()
        && decode(header)?.get("alg").is_some_and(Value::is_string)
        && !signature.is_empty()
        && Base64UrlUnpadded::decode_vec(signature).is_ok();
    if well_formed { decode(claims) } else { None }
}

fn encode(value: &Value) -> String {
    Base64UrlUnpadded::encode_string(value.to_string().as_bytes())
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).ok()?).ok()
}

/// Returns the coordinates of the public point, `0x04 || x || y`, in base64url.
fn coordinates(key_pair: &EcdsaKeyPair) -> (String, String) {
    let point = key_pair.public_key().as_ref();
    let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
    (Base64UrlUnpadded::encode_string(x), Base64UrlUnpadded::encode_string(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_key_verifies_tokens() {
        let signer = Signer::new();
        let token = signer.sign(&json!({ "sub": "me" })).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = signer.public_key();
        let mut point = vec![4];
        for coordinate in ["x", "y"] {
            let bytes = Base64UrlUnpadded::decode_vec(key[coordinate].as_str().unwrap()).unwrap();
            assert_eq!(bytes.len(), 32);
            point.extend(bytes);
        }
        let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(message.as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn token_of_another_signer_does_not_verify() {
        let token = Signer::new().sign(&json!({ "sub": "me" })).unwrap();
        assert!(Signer::new().verify(&token).is_none());
        assert_eq!(read_unverified(&token).unwrap()["sub"], "me");
    }

    #[test]
    fn malformed_token_is_not_read() {
        for text in ["", ".", "..", "...", "a.b.c", "e30.e30", "e30.e30.", "e30.e30.AA", "é.é.é"] {
            assert!(read_unverified(text).is_none(), "{text}");
        }
        // {"alg":"x"} . {} . one byte
        assert!(read_unverified("eyJhbGciOiJ4In0.e30.AA").is_some());
        assert!(read_unverified("eyJhbGciOiJ4In0.e30.AA.AA").is_none());
        assert!(read_unverified("eyJhbGciOiJ4In0.W10.AA").is_none());
    }
}
