//! Cancels a login from elsewhere in the program.

use std::sync::Arc;

use tokio::sync::watch;

/// A handle that ends a login from elsewhere in the program. Pass one clone to [`Login::cancel`](crate::Login::cancel), and keep
/// another.
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
/// A waiting login ends at once and frees its port. During an exchange, the login waits up to two more seconds, because
/// it could otherwise lose a key. Cancelling again ends that wait.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<u32>>);

impl Cancel {
    /// Creates a `Cancel` that is not cancelled yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Cancels every login that has a clone of this `Cancel`.
    pub fn cancel(&self) {
        self.0.send_modify(|times| *times = times.saturating_add(1));
    }

    /// Returns whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.count() > 0
    }

    /// Waits until [`cancel`](Self::cancel) is called.
    pub async fn cancelled(&self) {
        self.times(1).await;
    }

    /// Returns how many times `cancel` was called.
    pub(crate) fn count(&self) -> u32 {
        *self.0.borrow()
    }

    /// Waits until `cancel` was called this many times.
    pub(crate) async fn times(&self, times: u32) {
        // This cannot fail, because `self` keeps the sender alive.
        let mut cancelled = self.0.subscribe();
        let _value = cancelled.wait_for(|cancelled| *cancelled >= times).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}
