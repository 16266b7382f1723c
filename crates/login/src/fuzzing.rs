//! The listener without a socket, for fuzzing and benchmarks of this workspace. Requires the feature `_fuzzing`, and is
//! not part of the API.

use std::time::Instant;

use openrouter_oauth::PendingSignIn;

use crate::{
    RejectedRequest,
    listener::{CallbackGuard, HeadProgress, HeadReader},
};

/// The rules by which a [`Listener`](crate::Listener) reads requests, without a socket.
#[derive(Debug)]
pub struct CallbackRules(CallbackGuard);

impl CallbackRules {
    /// Creates the rules of a listener on `port` that waits for the callback of `pending`.
    pub fn new(port: u16, pending: &PendingSignIn) -> Self {
        let mut guard = CallbackGuard::new(port);
        guard.expect(pending);
        Self(guard)
    }

    /// Reads a connection that sends these pieces and then ends. Returns the path and query of the callback, or the
    /// reason for the rejection. Returns `None` if the listener closes the connection without a response.
    pub fn read<'a>(
        &self,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Result<String, RejectedRequest>> {
        let now = Instant::now();
        let mut reader = HeadReader::new(now);
        let end: &[u8] = &[];
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()).chain([end]) {
            match reader.receive(piece, now) {
                HeadProgress::More => {}
                HeadProgress::Complete => return Some(self.check(reader.bytes()).map(str::to_owned)),
                HeadProgress::Reject(rejected) => return Some(Err(rejected)),
                HeadProgress::Close => return None,
            }
        }
        None
    }

    /// Checks a complete head. Returns the path and query of the callback.
    ///
    /// # Errors
    ///
    /// Returns the first rule that the request breaks.
    pub fn check<'head>(&self, head: &'head [u8]) -> Result<&'head str, RejectedRequest> {
        self.0.check(head)
    }
}
