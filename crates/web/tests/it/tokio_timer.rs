//! The clock of tokio.

use std::time::{Duration, SystemTime};

use openrouter_oauth::transport::{Instant, SleepFuture, Timer};

/// The clock of tokio, which tests pause: it advances when every task waits.
#[derive(Clone, Debug)]
pub(crate) struct TokioTimer {
    start: tokio::time::Instant,
    began: SystemTime,
}

impl TokioTimer {
    pub(crate) fn new() -> Self {
        Self { start: tokio::time::Instant::now(), began: SystemTime::now() }
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        Box::pin(tokio::time::sleep(duration))
    }

    fn system_time(&self) -> SystemTime {
        self.began + self.start.elapsed()
    }
}
