//! The server's side of PKCE (RFC 7636), written independently of the client's.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

/// How a challenge is derived from a verifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChallengeMethod {
    S256,
    Plain,
}

/// A challenge that a verifier must match.
#[derive(Clone)]
pub(crate) struct Challenge {
    method: ChallengeMethod,
    value: String,
}

impl ChallengeMethod {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "S256" => Some(Self::S256),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }
}

impl Challenge {
    /// Parses the two parameters of a request. A missing method means `plain` (RFC 7636, section 4.3).
    ///
    /// # Errors
    ///
    /// If the parameters are invalid. The error is the response's message.
    pub(crate) fn parse(value: Option<&str>, method: Option<&str>) -> Result<Option<Self>, &'static str> {
        let method = match method {
            Some(name) => Some(ChallengeMethod::parse(name).ok_or("Invalid code_challenge_method")?),
            None => None,
        };
        match (value, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err("Invalid code_challenge_method: there is no code_challenge"),
            (Some(value), method) => {
                let method = method.unwrap_or(ChallengeMethod::Plain);
                let well_formed = match method {
                    // 32 octets in base64url.
                    ChallengeMethod::S256 => value.len() == 43 && value.bytes().all(is_base64url),
                    ChallengeMethod::Plain => is_verifier(value),
                };
                let value = value.to_owned();
                let challenge = well_formed.then_some(Self { method, value });
                challenge.map(Some).ok_or("Invalid code_challenge")
            }
        }
    }

    pub(crate) fn method(&self) -> ChallengeMethod {
        self.method
    }

    /// Returns whether the challenge was derived from `verifier` (RFC 7636, section 4.6).
    pub(crate) fn is_met_by(&self, verifier: &str) -> bool {
        is_verifier(verifier)
            && match self.method {
                ChallengeMethod::S256 => {
                    Base64UrlUnpadded::encode_string(&Sha256::digest(verifier)) == self.value
                }
                ChallengeMethod::Plain => verifier == self.value,
            }
    }
}

/// Returns whether `text` matches `43*128unreserved` (RFC 7636, section 4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| is_base64url(byte) || matches!(byte, b'.' | b'~'))
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge(value: &str, method: &str) -> Challenge {
        Challenge::parse(Some(value), Some(method)).unwrap().unwrap()
    }

    #[test]
    fn verifier_of_rfc_7636_appendix_b_matches() {
        // C-2
        assert!(challenge(CHALLENGE, "S256").is_met_by(VERIFIER));
    }

    #[test]
    fn other_verifier_does_not_match() {
        let s256 = challenge(CHALLENGE, "S256");
        assert!(!s256.is_met_by(CHALLENGE));
        assert!(!s256.is_met_by(""));
        assert!(!challenge(VERIFIER, "plain").is_met_by(CHALLENGE));
        assert!(challenge(VERIFIER, "plain").is_met_by(VERIFIER));
    }

    #[test]
    fn verifier_has_43_to_128_unreserved_characters() {
        // C-3
        for (length, good) in [(42, false), (43, true), (128, true), (129, false)] {
            assert_eq!(is_verifier(&"~".repeat(length)), good, "{length}");
        }
        for bad in ['+', '/', '=', '%', ' ', '\0', 'é'] {
            assert!(!is_verifier(&format!("{bad}{VERIFIER}")), "{bad}");
        }
    }

    #[test]
    fn method_must_be_known_and_have_a_challenge() {
        assert!(Challenge::parse(None, None).unwrap().is_none());
        assert!(Challenge::parse(None, Some("S256")).is_err());
        assert!(Challenge::parse(Some(CHALLENGE), Some("s256")).is_err());
        assert!(Challenge::parse(Some("short"), Some("S256")).is_err());
        let by_default = Challenge::parse(Some(VERIFIER), None).unwrap().unwrap();
        assert_eq!(by_default.method(), ChallengeMethod::Plain);
    }
}
