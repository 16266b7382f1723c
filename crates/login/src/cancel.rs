//! Ends a login from elsewhere in the program.

use std::sync::Arc;

use tokio::sync::watch;

/// Ends a login from elsewhere in the program: clone it, give one to [`Login::cancel`](crate::Login::cancel), and keep
/// the other.
///
/// ```
/// use openrouter_oauth_login::Cancel;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let cancel = Cancel::new();
/// let other = cancel.clone();
/// tokio::spawn(async move { other.cancel() });
/// cancel.cancelled().await;
/// # }
/// ```
///
/// A login that waits ends at once, and its port is free again. One whose code is being exchanged gives the exchange two
/// more seconds, since a key that was made would be lost otherwise; cancelling again does not wait.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<u32>>);

impl Cancel {
    /// One that was not cancelled.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Cancels every login that has a clone of this.
    pub fn cancel(&self) {
        self.0.send_modify(|times| *times = times.saturating_add(1));
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.count() > 0
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        self.times(1).await;
    }

    /// How often it was cancelled.
    pub(crate) fn count(&self) -> u32 {
        *self.0.borrow()
    }

    /// Waits until it was cancelled so many times.
    pub(crate) async fn times(&self, times: u32) {
        // The sender is held here, so there is no other end.
        let mut cancelled = self.0.subscribe();
        let _value = cancelled.wait_for(|cancelled| *cancelled >= times).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
