//! A timer that uses tokio's clock.

use std::time::{Duration, Instant};

use openrouter_oauth_transport::{SleepFuture, Timer};

/// A timer that uses tokio's clock. In tests, `tokio::time::pause` stops it.
///
/// Call [`sleep`](Timer::sleep) inside a tokio runtime with time enabled, like `tokio::time::sleep`.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_transport::Timer;
/// use openrouter_oauth_transport_reqwest::TokioTimer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let timer = TokioTimer::new();
/// let start = timer.now();
/// timer.sleep(Duration::from_millis(2)).await;
/// assert!(timer.now() - start >= Duration::from_millis(2));
/// # }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl TokioTimer {
    /// Creates a timer.
    pub const fn new() -> Self {
        Self
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(tokio::time::sleep(duration))
    }
}
