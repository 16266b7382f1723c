//! What a response may cost.

use std::time::Duration;

/// How long a response may take and how large its body may be.
///
/// Both are enforced with an error, never with a truncated response.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The time from the call of `send` to the last byte of the body, connecting included. `None`: as long as it
    /// takes.
    pub timeout: Option<Duration>,
    /// The most bytes the body may have.
    pub response_bytes: usize,
}

impl Limits {
    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub const fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`response_bytes`](Self::response_bytes).
    #[must_use]
    pub const fn response_bytes(mut self, bytes: usize) -> Self {
        self.response_bytes = bytes;
        self
    }
}

/// 30 seconds and 64 KiB, many times what a response of OpenRouter's OAuth endpoints takes.
impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Some(Duration::from_secs(30)), response_bytes: 64 * 1024 }
    }
}
