//! Proof Key for Code Exchange (RFC 7636).

use openrouter_oauth_models::{CodeChallenge, CodeChallengeMethod, CodeVerifier};
use sha2::{Digest, Sha256};

use crate::{
    entropy::{Entropy, OsEntropy, random_text},
    error::Error,
};

/// A verifier and its challenge, which belong to one sign-in.
///
/// [`Client::authorize`](crate::Client::authorize) makes its own. This is for the raw operations:
///
/// ```
/// use openrouter_oauth::{CallbackUrl, CreateAuthCode, Pkce};
///
/// # fn main() -> Result<(), openrouter_oauth::Error> {
/// let pkce = Pkce::generate()?;
/// let request = CreateAuthCode::new(CallbackUrl::parse("https://my.app/callback")?)
///     .challenge(pkce.challenge().clone(), Pkce::METHOD);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pkce {
    verifier: CodeVerifier,
    challenge: CodeChallenge,
}

impl Pkce {
    /// How challenges are made here: always by `S256`.
    pub const METHOD: CodeChallengeMethod = CodeChallengeMethod::S256;

    /// Makes a verifier of 256 random bits of the operating system, and its challenge by `S256`.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] if the operating system has no random bytes.
    pub fn generate() -> Result<Self, Error> {
        Self::generate_from(&OsEntropy)
    }

    /// Makes a verifier of 32 bytes of `entropy`, and its challenge by `S256`.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`] if `entropy` fails.
    pub fn generate_from(entropy: &dyn Entropy) -> Result<Self, Error> {
        let verifier = CodeVerifier::parse(&random_text::<32>(entropy)?)?;
        Ok(Self::from_verifier(verifier))
    }

    /// Takes a verifier that was made elsewhere and makes its challenge by `S256`: BASE64URL(SHA256(verifier))
    /// (RFC 7636, section 4.2).
    pub fn from_verifier(verifier: CodeVerifier) -> Self {
        let challenge = CodeChallenge::from_digest(&Sha256::digest(verifier.expose()).into());
        Self { verifier, challenge }
    }

    /// The verifier, which goes with the exchange.
    pub fn verifier(&self) -> &CodeVerifier {
        &self.verifier
    }

    /// The challenge, which goes with the request for a code.
    pub fn challenge(&self) -> &CodeChallenge {
        &self.challenge
    }

    /// Both parts.
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
    fn verifier_needs_randomness() {
        // C-1: no fallback, no panic.
        #[derive(Debug)]
        struct Dry;

        impl Entropy for Dry {
            fn fill(&self, _bytes: &mut [u8]) -> Result<(), openrouter_oauth_transport::BoxError> {
                Err("no entropy".into())
            }
        }

        assert!(matches!(Pkce::generate_from(&Dry), Err(Error::Randomness(_))));
    }
}
