//! A timer for programs that run in JavaScript.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use openrouter_oauth::transport::{Instant, SleepFuture, Timer};
use send_wrapper::SendWrapper;

/// JavaScript's `performance.now()` and `setTimeout`.
#[derive(Clone, Copy, Debug)]
pub struct JsTimer;

impl Timer for JsTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> SleepFuture {
        let start = Instant::now();
        // Futures of JavaScript are not `Send`. The wrapper is, and panics on another thread.
        Box::pin(SendWrapper::new(async move {
            // `setTimeout` may end early, and ends a timeout that is too long at once.
            while let Some(remaining) = duration.checked_sub(start.elapsed()) {
                let milliseconds = u32::try_from(remaining.as_millis() + 1).unwrap_or(u32::MAX);
                TimeoutFuture::new(milliseconds.min(LONGEST)).await;
            }
        }))
    }
}

/// The longest timeout of JavaScript, in milliseconds: 24 days.
const LONGEST: u32 = i32::MAX as u32;
