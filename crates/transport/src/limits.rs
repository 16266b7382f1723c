//! The limits for a response.

use std::time::Duration;

/// The limits for one response: its timeout and the size of its body.
///
/// If a response exceeds a limit, the transport returns an error, never a truncated response.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The maximum time from the call to `send` to the last byte of the body, including connecting. `None` means no
    /// timeout.
    pub timeout: Option<Duration>,
    /// The maximum size of the body in bytes.
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

/// 30 seconds and 64 KiB, many times more than a response of OpenRouter's OAuth endpoints needs.
impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Some(Duration::from_secs(30)), response_bytes: 64 * 1024 }
    }
}
