//! Codes and keys that cannot be guessed, and the IDs of requests.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};

/// A generator of random strings, each made from the hash of a seed and a counter.
///
/// It takes the seed from the operating system once, at the start, so that no request can fail for lack of randomness.
pub(crate) struct Random {
    seed: [u8; 32],
    drawn: u64,
}

impl Random {
    /// Creates a generator with a random seed.
    ///
    /// # Panics
    ///
    /// If the operating system's random generator fails.
    #[expect(clippy::expect_used, reason = "happens at the start, before any request")]
    pub(crate) fn new() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).expect("the operating system's random generator should work");
        Self { seed, drawn: 0 }
    }

    /// Returns 43 characters of base64url.
    pub(crate) fn code(&mut self) -> String {
        Base64UrlUnpadded::encode_string(&self.draw())
    }

    /// Returns `sk-or-v1-` and 64 hexadecimal digits.
    pub(crate) fn key(&mut self) -> String {
        format!("sk-or-v1-{}", self.hex())
    }

    /// Returns `user_` and 27 hexadecimal digits.
    pub(crate) fn user_id(&mut self) -> String {
        format!("user_{}", self.digits(27))
    }

    /// Returns an ID as Cloudflare assigns one to each request: 16 hexadecimal digits, and the airport code of a data
    /// center.
    pub(crate) fn ray(&mut self) -> String {
        format!("{}-FRA", self.digits(16))
    }

    /// Returns 32 hexadecimal digits.
    pub(crate) fn request_id(&mut self) -> String {
        self.digits(32)
    }

    /// Returns at most 64 hexadecimal digits.
    fn digits(&mut self, count: usize) -> String {
        let mut hex = self.hex();
        hex.truncate(count);
        hex
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
