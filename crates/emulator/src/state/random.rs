//! Codes and keys nobody can guess.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

/// An endless supply of 32-byte strings: the hash of a seed and a counter.
///
/// The system is asked once, at the start, so that no request can fail for want of randomness.
pub(crate) struct Random {
    seed: [u8; 32],
    drawn: u64,
}

impl Random {
    /// # Panics
    ///
    /// If the system has no randomness.
    #[expect(
        clippy::expect_used,
        reason = "at the start, before any request; there is nothing to go on with"
    )]
    pub(crate) fn new() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).expect("the operating system should have randomness");
        Self { seed, drawn: 0 }
    }

    /// 43 characters of base64url.
    pub(crate) fn code(&mut self) -> String {
        Base64UrlUnpadded::encode_string(&self.draw())
    }

    /// `sk-or-v1-` and 64 hexadecimal digits.
    pub(crate) fn key(&mut self) -> String {
        format!("sk-or-v1-{}", self.hex())
    }

    /// `user_` and 27 characters.
    pub(crate) fn user_id(&mut self) -> String {
        let hex = self.hex();
        format!("user_{}", hex.get(..27).unwrap_or(&hex))
    }

    fn hex(&mut self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.draw() {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_be_bytes()).finalize().into()
    }
}
