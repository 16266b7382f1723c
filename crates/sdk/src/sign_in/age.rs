//! The age of a sign-in.

use std::time::{Duration, SystemTime};

use super::pending::{HeadlessSignIn, PendingSignIn};

impl PendingSignIn {
    /// Returns how long ago the sign-in began. `now` is the [`system_time`](crate::Client::system_time) of the client.
    /// Returns `None` if the sign-in began in the future: the clocks of two machines differ, or a clock was set back.
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        self.exchange.begun_at.age(now)
    }
}

impl HeadlessSignIn {
    /// Returns how long ago the sign-in began: see [`PendingSignIn::age`].
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        self.exchange.begun_at.age(now)
    }
}
