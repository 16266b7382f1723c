//! Clocks that jump cause no panic, no negative time and no additional request.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use http::Response;
use openrouter_oauth::{Client, Error};
use openrouter_oauth_transport::{
    self as transport, ErrorKind, SleepFuture, Timer,
    testing::{Replay, ReplayStep},
};

use crate::support::{Operation, describe, key};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A timer whose clock jumps each time it is read, and whose sleeps end immediately.
#[derive(Debug)]
struct JumpingTimer {
    now: Mutex<Instant>,
    jump: fn(Instant) -> Instant,
}

impl JumpingTimer {
    fn new(jump: fn(Instant) -> Instant) -> Self {
        // Far from the first instant that the platform can represent.
        Self { now: Mutex::new(Instant::now() + 1000 * DAY), jump }
    }
}

impl Timer for JumpingTimer {
    fn now(&self) -> Instant {
        let mut now = self.now.lock().unwrap();
        *now = (self.jump)(*now);
        *now
    }

    fn sleep(&self, _: Duration) -> SleepFuture {
        Box::pin(std::future::ready(()))
    }
}

const BACK_ONE_DAY: fn(Instant) -> Instant = |now| now.checked_sub(DAY).unwrap();
const AHEAD_ONE_DAY: fn(Instant) -> Instant = |now| now + DAY;

/// Makes a call with this clock. Returns its result and the number of requests.
async fn call(
    operation: Operation,
    jump: fn(Instant) -> Instant,
    script: impl IntoIterator<Item = ReplayStep>,
) -> (Result<(), Error>, usize) {
    let replay = Replay::new(script);
    let builder = Client::builder().api_key(key()).transport(replay.clone()).timer(JumpingTimer::new(jump));
    let result = operation.call(&builder.build().unwrap()).await;
    (result, replay.requests().len())
}

fn responds(status: u16, body: &'static str) -> ReplayStep {
    let response = Response::builder().status(status).header("retry-after", "5");
    ReplayStep::new(Ok(response.body(body.into()).unwrap()))
}

#[tokio::test]
async fn clock_that_stops_or_goes_back_changes_nothing() {
    // F38, F57
    for jump in [BACK_ONE_DAY, |now| now] {
        for operation in Operation::ALL {
            let (result, requests) = call(operation, jump, [responds(200, operation.success())]).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!(requests, 1);
        }
        for operation in Operation::NON_IDEMPOTENT {
            let lost = ReplayStep::new(Err(ErrorKind::Io.into()));
            let (result, requests) = call(operation, jump, [lost]).await;
            assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Cut)", "{operation:?}");
            assert_eq!(requests, 1);
        }
        for operation in Operation::IDEMPOTENT {
            let script = [responds(503, ""), responds(200, operation.success())];
            let (result, requests) = call(operation, jump, script).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!(requests, 2);
        }
    }
}

#[tokio::test]
async fn clock_that_jumps_ahead_ends_the_call_after_one_attempt_at_most() {
    // F38, F57
    for operation in Operation::ALL {
        let unsent = ReplayStep::new(Err(transport::Error::from(ErrorKind::Connect).not_sent()));
        let (result, requests) = call(operation, AHEAD_ONE_DAY, [unsent]).await;
        assert_eq!(describe(&result.unwrap_err()), "NotSent, retryable", "{operation:?}");
        // Unless a call waits for a key, its first attempt starts at once.
        let waits_for_key = matches!(operation, Operation::CreateAuthCode | Operation::CurrentKey);
        assert_eq!(requests, usize::from(!waits_for_key), "{operation:?}");
    }
}
