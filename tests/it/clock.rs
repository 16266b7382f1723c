//! Clocks that jump: no panic, no negative time, and no request more than otherwise.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use http::Response;
use openrouter_oauth::{Client, Error};
use openrouter_oauth_transport::{
    ErrorKind, SleepFuture, Timer,
    testing::{Exchange, Replay},
};

use crate::support::{Operation, describe, key};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Is another time each time it is asked, and waits for nothing.
#[derive(Debug)]
struct Jumping {
    now: Mutex<Instant>,
    jump: fn(Instant) -> Instant,
}

impl Jumping {
    fn new(jump: fn(Instant) -> Instant) -> Self {
        // Far enough from where an instant cannot be shown.
        Self { now: Mutex::new(Instant::now() + 1000 * DAY), jump }
    }
}

impl Timer for Jumping {
    fn now(&self) -> Instant {
        let mut now = self.now.lock().unwrap();
        *now = (self.jump)(*now);
        *now
    }

    fn sleep(&self, _: Duration) -> SleepFuture {
        Box::pin(std::future::ready(()))
    }
}

const BACK: fn(Instant) -> Instant = |now| now.checked_sub(DAY).unwrap();
const ON: fn(Instant) -> Instant = |now| now + DAY;

/// What comes of a call by this clock, and how many requests it took.
async fn call(
    operation: Operation,
    jump: fn(Instant) -> Instant,
    script: impl IntoIterator<Item = Exchange>,
) -> (Result<(), Error>, usize) {
    let replay = Replay::new(script);
    let builder = Client::builder().api_key(key()).transport(replay.clone()).timer(Jumping::new(jump));
    let result = operation.call(&builder.build().unwrap()).await;
    (result, replay.requests().len())
}

fn answer(status: u16, body: &'static str) -> Exchange {
    let response = Response::builder().status(status).header("retry-after", "5");
    Exchange::new(Ok(response.body(body.into()).unwrap()))
}

#[tokio::test]
async fn a_clock_that_goes_back_or_stands_still_changes_nothing() {
    // F38, F57
    for jump in [BACK, |now| now] {
        for operation in Operation::ALL {
            let (result, requests) = call(operation, jump, [answer(200, operation.success())]).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!(requests, 1);
        }
        for operation in Operation::MAKING {
            let lost = Exchange::new(Err(ErrorKind::Io.into()));
            let (result, requests) = call(operation, jump, [lost]).await;
            assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Cut)", "{operation:?}");
            assert_eq!(requests, 1);
        }
        for operation in Operation::READING {
            let script = [answer(503, ""), answer(200, operation.success())];
            let (result, requests) = call(operation, jump, script).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!(requests, 2);
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_on_by_a_day_ends_a_call_before_anything_is_sent() {
    // F38, F57
    for operation in Operation::ALL {
        let (result, requests) = call(operation, ON, []).await;
        assert_eq!(describe(&result.unwrap_err()), "NotSent, retryable", "{operation:?}");
        assert_eq!(requests, 0);
    }
}
