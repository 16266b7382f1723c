//! Tokio's clock.

use std::time::{Duration, Instant};

use openrouter_oauth_transport::{SleepFuture, Timer};

/// Tells the time and waits by tokio's clock, which `tokio::time::pause` stops in tests.
///
/// [`sleep`](Timer::sleep) is called inside a tokio runtime with time enabled, as `tokio::time::sleep` is.
///
/// ```
/// use std::time::Duration;
/// use openrouter_oauth_transport::Timer;
/// use openrouter_oauth_transport_hyper::TokioTimer;
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
    /// Tokio's clock.
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
