//! Which services a client may call, and how the SDK handles transports that break their contract.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::Client;
use openrouter_oauth_transport::{
    Error, Limits, Transport, from_fn,
    testing::{Capture, ManualTimer, Never},
};

use crate::support::{GRANT, Operation, builder, describe, exchange, key, wait_until};

#[test]
fn client_reaches_remote_services_only_by_https() {
    // C-9
    let capture = Capture::new(Response::new(GRANT.into()));
    for bad in [
        "http://openrouter.ai/api/v1",
        "http://127.0.0.1@evil/",
        "http://127.0.0.1.evil",
        "http://localhost.evil",
        "http://0x7f.1",
        "http://[::ffff:127.0.0.1]",
        "http://10.0.0.1",
        "ftp://openrouter.ai",
        "//openrouter.ai",
        "openrouter.ai",
    ] {
        let builder = builder().transport(capture.clone()).timer(ManualTimer::new());
        let error = builder.base_url(bad).build().unwrap_err();
        assert_eq!(describe(&error), "Invalid(base URL)", "{bad}");
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn call_reaches_remote_services_only_by_https() {
    // C-9
    let capture = Capture::new(Response::new(GRANT.into()));
    let client = builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    for bad in ["http://openrouter.ai/api/v1", "http://127.0.0.1@evil/", ""] {
        let error = client.exchange_auth_code(exchange()).base_url(bad).await.unwrap_err();
        assert_eq!(describe(&error), "Invalid(base URL)", "{bad}");
    }
    capture.expect_no_request();
}

#[tokio::test]
async fn every_request_carries_the_limits() {
    let capture = Capture::new(Response::new(GRANT.into()));
    let timer = ManualTimer::new();
    let builder = || builder().transport(capture.clone()).timer(timer.clone());
    let limits = async |client: Client| {
        client.exchange_auth_code(exchange()).await.unwrap();
        capture.expect_request_and_limits().1
    };
    let default = limits(builder().build().unwrap()).await;
    assert_eq!(default, Limits::default());
    assert_eq!((default.timeout, default.response_bytes), (Some(Duration::from_secs(30)), 64 * 1024));
    let own = builder().timeout(Duration::from_secs(5)).response_bytes(5_000);
    let own = limits(own.build().unwrap()).await;
    assert_eq!((own.timeout, own.response_bytes), (Some(Duration::from_secs(5)), 5_000));
    let least = limits(builder().response_bytes(0).build().unwrap()).await;
    assert_eq!(least.response_bytes, 4 * 1024, "every key fits");
    let none = limits(builder().without_deadline().build().unwrap()).await;
    assert_eq!(none.timeout, None);
}

#[tokio::test]
async fn hanging_transport_does_not_hang_the_call() {
    // C-11, C-12
    for operation in Operation::ALL {
        let (never, timer) = (Never::new(), ManualTimer::new());
        let client = Client::builder().api_key(key()).transport(never.clone()).timer(timer.clone());
        let client = client.build().unwrap();
        let result = at_its_deadline(&timer, operation.call(&client)).await;
        // A2
        let is_idempotent = Operation::IDEMPOTENT.contains(&operation);
        let expected =
            if is_idempotent { "NoResponse(Timeout), retryable" } else { "OutcomeUnknown(Timeout)" };
        assert_eq!(describe(&result.unwrap_err()), expected, "{operation:?}");
        assert_eq!((never.sent(), never.dropped()), (1, 1), "{operation:?}");
    }
}

#[tokio::test]
async fn hanging_key_source_does_not_hang_the_call() {
    // C-12: nothing is sent.
    let capture = Capture::new(Response::new("{}".into()));
    let timer = ManualTimer::new();
    let builder = Client::builder().transport(capture.clone()).timer(timer.clone());
    let client = builder.api_key_source(std::future::pending).build().unwrap();
    let error = at_its_deadline(&timer, client.current_key()).await.unwrap_err();
    assert_eq!(describe(&error), "NotSent, retryable");
    capture.expect_no_request();
}

/// Drives `call` until it waits for its deadline, and checks that it ends exactly then.
async fn at_its_deadline<T>(timer: &ManualTimer, call: impl IntoFuture<Output = T>) -> T {
    let (deadline, tick) = (Duration::from_secs(30), Duration::from_nanos(1));
    let almost = deadline.saturating_sub(tick);
    let clock = async {
        wait_until(|| timer.sleeping() == [deadline]).await;
        timer.advance(almost);
        tokio::task::yield_now().await;
        assert_eq!(timer.sleeping(), [tick]);
        timer.advance(tick);
    };
    tokio::join!(call.into_future(), clock).0
}

#[tokio::test]
async fn oversized_body_from_a_transport_is_an_error() {
    // C-11
    for (length, fits) in [(5_000, true), (5_001, false), (1 << 20, false)] {
        let padding = " ".repeat(length - GRANT.len());
        let body = Bytes::from(format!("{GRANT}{padding}"));
        let careless = from_fn(move |_: Request<Bytes>, _: Limits| {
            std::future::ready(Ok::<_, Error>(Response::new(body.clone())))
        });
        let client = builder().transport(careless).timer(ManualTimer::new());
        let client = client.response_bytes(5_000).build().unwrap();
        match client.exchange_auth_code(exchange()).await {
            Ok(_) => assert!(fits, "{length}"),
            Err(error) => {
                assert!(!fits, "{length}: {error}");
                assert_eq!(describe(&error), "OutcomeUnknown(TooLarge)");
            }
        }
    }
}

#[tokio::test]
async fn custom_transport_needs_a_timer_or_no_deadline() {
    let error = Client::builder().transport(Never::new()).build().unwrap_err();
    assert_eq!(error.to_string(), "the timer is missing: set one, or call `without_deadline`");
    let client = Client::builder().transport(Never::new()).without_deadline().build().unwrap();
    let error = client.signing_keys().timeout(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(describe(&error), "Invalid(timer)");
    Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
}

#[tokio::test]
async fn transport_can_be_shared_and_boxed() {
    let capture = Capture::new(Response::new(GRANT.into()));
    let shared: Arc<dyn Transport> = Arc::new(capture.clone());
    let boxed: Box<dyn Transport> = Box::new(shared);
    let client = builder().transport(boxed).timer(ManualTimer::new()).build().unwrap();
    client.clone().exchange_auth_code(exchange()).await.unwrap();
    assert_eq!(capture.expect_request().uri(), "https://openrouter.ai/api/v1/auth/keys");
}
