//! Proof Key for Code Exchange (RFC 7636).

use openrouter_oauth_models::{CodeChallenge, CodeChallengeMethod, CodeVerifier};
use sha2::{Digest, Sha256};

#[cfg(feature = "getrandom")]
use crate::entropy::OsEntropy;
use crate::{
    entropy::{Entropy, random_text},
    error::Error,
};

/// A code verifier and its challenge, for one sign-in.
///
/// [`Client::authorize`](crate::Client::authorize) generates its own pair. Use this type with the raw operations:
///
/// ```
/// use openrouter_oauth::{CallbackUrl, CreateAuthCode, Pkce};
///
/// # #[cfg(feature = "getrandom")]
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// let pkce = Pkce::generate()?;
/// let request = CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback")?)
///     .challenge(pkce.challenge().clone(), Pkce::METHOD);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "getrandom"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Pkce {
    verifier: CodeVerifier,
    challenge: CodeChallenge,
}

impl Pkce {
    /// The method of every challenge: `S256`.
    pub const METHOD: CodeChallengeMethod = CodeChallengeMethod::S256;

    /// Generates a verifier of 256 random bits from the operating system, and its `S256` challenge.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] if the operating system's random generator fails.
    #[cfg(feature = "getrandom")]
    pub fn generate() -> Result<Self, Error> {
        Self::generate_from(&OsEntropy)
    }

    /// Generates a verifier from 32 bytes of `entropy`, and its `S256` challenge.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] if `entropy` fails.
    pub fn generate_from(entropy: &dyn Entropy) -> Result<Self, Error> {
        random_text::<32, _>(entropy, CodeVerifier::parse).map(Self::from_verifier)
    }

    /// Computes the `S256` challenge of an existing verifier: BASE64URL(SHA256(verifier)) (RFC 7636, section 4.2).
    pub fn from_verifier(verifier: CodeVerifier) -> Self {
        let challenge = CodeChallenge::from_digest(&Sha256::digest(verifier.expose()).into());
        Self { verifier, challenge }
    }

    /// Returns the verifier, which the exchange sends.
    pub fn verifier(&self) -> &CodeVerifier {
        &self.verifier
    }

    /// Returns the challenge, which is part of the request for a code.
    pub fn challenge(&self) -> &CodeChallenge {
        &self.challenge
    }

    /// Returns the verifier and the challenge.
    pub fn into_parts(self) -> (CodeVerifier, CodeChallenge) {
        (self.verifier, self.challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_matches_rfc_7636_appendix_b() {
        // C-2
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let pkce = Pkce::from_verifier(verifier);
        assert_eq!(pkce.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn verifier_is_not_generated_without_randomness() {
        // C-1: no fallback, no panic.
        #[derive(Debug)]
        struct FailingEntropy;

        impl Entropy for FailingEntropy {
            fn fill(&self, _bytes: &mut [u8]) -> Result<(), openrouter_oauth_transport::BoxError> {
                Err("no entropy".into())
            }
        }

        assert!(matches!(Pkce::generate_from(&FailingEntropy), Err(Error::Randomness(_))));
    }
}
