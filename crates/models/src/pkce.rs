//! The values of PKCE (RFC 7636).

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::{
    open_enum::open_enum,
    secrets::secret,
    text::{AsText, FromText, InvalidValue, check, text_conversions, text_serde},
};

secret! {
    /// A PKCE code verifier: 43 to 128 of the characters `A-Z a-z 0-9 - . _ ~` (RFC 7636, section 4.1).
    ///
    /// It is not `Clone`, because a verifier belongs to one sign-in and a copy could outlive it.
    #[doc(alias = "code_verifier")]
    CodeVerifier, "code verifier", check_unreserved
}

/// A PKCE code challenge: 43 to 128 of the characters `A-Z a-z 0-9 - . _ ~` (RFC 7636, section 4.2).
///
/// It prints as `[redacted]`. An `S256` challenge is public, but a `plain` challenge is the verifier itself.
#[doc(alias = "code_challenge")]
#[derive(Clone, Eq, PartialEq)]
pub struct CodeChallenge(zeroize::Zeroizing<Box<str>>);

text_conversions!(CodeChallenge);
text_serde!(CodeChallenge);

impl CodeChallenge {
    /// Creates the `S256` challenge from the verifier's SHA-256 digest (RFC 7636, section 4.2).
    pub fn from_digest(sha256: &[u8; 32]) -> Self {
        Self(zeroize::Zeroizing::new(Base64UrlUnpadded::encode_string(sha256).into_boxed_str()))
    }

    /// Returns the challenge as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for CodeChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeChallenge([redacted])")
    }
}

impl FromText for CodeChallenge {
    const WHAT: &'static str = "code challenge";

    fn from_text(text: &str) -> Result<Self, InvalidValue> {
        check_unreserved(Self::WHAT, text)?;
        Ok(Self(zeroize::Zeroizing::new(Box::from(text))))
    }
}

impl AsText for CodeChallenge {
    fn as_text(&self) -> &str {
        &self.0
    }
}

open_enum! {
    /// How a challenge is derived from its verifier (RFC 7636, section 4.2).
    ///
    /// OpenRouter requires the same method in both steps of a sign-in.
    CodeChallengeMethod {
        /// The challenge is the base64url SHA-256 of the verifier. Always use this one.
        S256 = "S256",
        /// The challenge is the verifier. Anyone who sees the authorize URL can then use the code.
        Plain = "plain",
    }
}

fn check_unreserved(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    check(what, text, 128, unreserved, "may contain only the characters A-Z a-z 0-9 - . _ ~")?;
    if text.len() < 43 { Err(InvalidValue::new(what, "is shorter than 43 characters")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifier_has_43_to_128_characters() {
        // C-3
        for length in 0..=200 {
            let text = "v".repeat(length);
            assert_eq!(CodeVerifier::parse(&text).is_ok(), (43..=128).contains(&length), "{length}");
            assert_eq!(CodeChallenge::parse(&text).is_ok(), (43..=128).contains(&length), "{length}");
        }
    }

    #[test]
    fn verifier_has_only_unreserved_characters() {
        // C-3: tries all 256 byte values at the start, in the middle, and at the end.
        for byte in 0..=u8::MAX {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            for position in [0, 21, 42] {
                let mut bytes = [b'v'; 43];
                bytes[position] = byte;
                let accepted =
                    std::str::from_utf8(&bytes).is_ok_and(|text| CodeVerifier::parse(text).is_ok());
                assert_eq!(accepted, allowed, "{byte:#04x} at {position}");
            }
        }
        assert!(CodeVerifier::parse(&"\u{e9}".repeat(43)).is_err());
    }
}
