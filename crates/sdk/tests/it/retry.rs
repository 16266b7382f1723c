//! Tests of the settings for retries, and of their budget.

use std::time::Duration;

use http::Response;
use openrouter_oauth::{
    Client, Error, Retry,
    transport::{
        self, ErrorKind, Limits,
        testing::{ManualTimer, Never, Replay, ReplayStep},
    },
};

use crate::support::{GRANT, Hasty, KEYS, exchange, fault, respond, scripted, unsent};

/// Returns how many requests an idempotent call sends when the transport responds by `script`.
async fn reads(retry: Retry, script: Vec<ReplayStep>) -> usize {
    let (replay, builder) = scripted(script);
    let _ = builder.retry(retry).build().unwrap().signing_keys().await;
    replay.requests().len()
}

/// Returns how many requests an exchange sends when the transport responds by `script`.
async fn exchanges(retry: Retry, script: Vec<ReplayStep>) -> usize {
    let (replay, builder) = scripted(script);
    let _ = builder.retry(retry).build().unwrap().exchange_auth_code(exchange()).await;
    replay.requests().len()
}

#[tokio::test]
async fn retry_statuses_can_be_chosen() {
    let only_500 = || Retry::default().retry_statuses([500]);
    assert_eq!(reads(only_500(), vec![respond(500, ""), respond(503, ""), respond(200, KEYS)]).await, 2);
    assert_eq!(reads(only_500(), vec![respond(429, ""), respond(200, KEYS)]).await, 1);
    assert_eq!(exchanges(only_500(), vec![respond(500, ""), respond(200, GRANT)]).await, 1);
}

#[tokio::test]
async fn success_ends_a_call_even_if_its_status_is_set() {
    let any = || Retry::default().retry_statuses(0..1000);
    assert_eq!(reads(any(), vec![respond(200, KEYS), respond(200, KEYS)]).await, 1);
    assert_eq!(
        exchanges(any().dangerously_resend_unknown(), vec![respond(200, GRANT), respond(403, "")]).await,
        1
    );
}

#[tokio::test]
async fn retry_of_connection_errors_can_be_turned_off() {
    let quiet = || Retry::default().retry_connection_errors(false);
    assert_eq!(reads(quiet(), vec![fault(ErrorKind::Connect), respond(200, KEYS)]).await, 1);
    assert_eq!(reads(quiet(), vec![fault(ErrorKind::Io), respond(200, KEYS)]).await, 1);
    assert_eq!(reads(quiet(), vec![respond(503, ""), respond(200, KEYS)]).await, 2);
    assert_eq!(exchanges(quiet(), vec![unsent(), respond(200, GRANT)]).await, 1);
}

#[tokio::test]
async fn retries_end_after_max_elapsed() {
    let script = || (0..50).map(|_| respond(503, "")).collect::<Vec<_>>();
    let retry = Retry::default().max_attempts(50).multiplier(1.0).initial_backoff(Duration::from_secs(1));
    assert_eq!(reads(retry.clone().max_elapsed(Duration::ZERO), script()).await, 1);
    let within_a_second = reads(retry.max_elapsed(Duration::from_secs(1)), script()).await;
    assert!((2..30).contains(&within_a_second), "{within_a_second}");
}

#[tokio::test]
async fn exchange_with_unknown_outcome_is_resent_only_on_opt_in() {
    for unknown in [|| respond(500, ""), || respond(429, ""), || fault(ErrorKind::Io)] {
        assert_eq!(exchanges(Retry::default(), vec![unknown(), respond(200, GRANT)]).await, 1);
        let dangerous = Retry::default().dangerously_resend_unknown();
        assert_eq!(exchanges(dangerous, vec![unknown(), respond(200, GRANT)]).await, 2);
    }
}

#[tokio::test]
async fn attempt_timeout_retries_a_read_but_not_an_exchange() {
    // C-12
    let client = |never: &Never| {
        let timer = Hasty(ManualTimer::new());
        let builder = Client::builder().transport(never.clone()).timer(timer);
        builder.attempt_timeout(Duration::from_secs(5)).build().unwrap()
    };
    let never = Never::new();
    let error = client(&never).signing_keys().await.unwrap_err();
    // A2
    assert!(matches!(error, Error::NoResponse(_)) && error.is_retryable(), "{error}");
    assert_eq!((never.sent(), never.dropped()), (3, 3));

    let never = Never::new();
    let error = client(&never).exchange_auth_code(exchange()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!((never.sent(), never.dropped()), (1, 1));
}

#[tokio::test]
async fn attempt_timeout_reaches_the_transport() {
    let capture = transport::testing::Capture::new(Response::new(KEYS.into()));
    let client = Client::builder().transport(capture.clone()).timer(ManualTimer::new()).build().unwrap();
    client.signing_keys().attempt_timeout(Duration::from_secs(5)).await.unwrap();
    let (_, limits) = capture.expect_request_and_limits();
    assert_eq!(limits, Limits::default().timeout(Some(Duration::from_secs(5))));
    client
        .signing_keys()
        .timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(capture.expect_request_and_limits().1.timeout, Some(Duration::from_secs(2)));
}

#[tokio::test]
async fn timeout_without_a_timer_is_an_error() {
    let client = || Client::builder().transport(Never::new()).without_deadline();
    assert!(matches!(client().attempt_timeout(Duration::from_secs(1)).build(), Err(Error::Invalid(_))));
    let call = client().build().unwrap().signing_keys().attempt_timeout(Duration::from_secs(1));
    assert!(matches!(call.await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn skipped_retry_takes_no_tokens() {
    let limited = || {
        let response = Response::builder().status(429).header("retry-after", "300").body("".into());
        ReplayStep::new(Ok(response.unwrap()))
    };
    let script = (0..200).map(|_| limited()).chain([fault(ErrorKind::Connect), respond(200, KEYS)]);
    let replay = Replay::new(script);
    let builder = Client::builder().transport(replay.clone()).timer(ManualTimer::new());
    let client = builder.retry(Retry::default().initial_backoff(Duration::ZERO)).build().unwrap();
    for _ in 0..200 {
        client.signing_keys().await.unwrap_err();
    }
    assert_eq!(client.signing_keys().send_with_response().await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn all_calls_of_a_client_share_one_budget() {
    let replay = Replay::new((0..2_000).map(|_| respond(503, "")));
    let builder = Client::builder().transport(replay.clone()).timer(Hasty(ManualTimer::new()));
    let client = builder.build().unwrap();
    for _ in 0..200 {
        client.clone().signing_keys().await.unwrap_err();
    }
    // 200 first attempts, and the 100 retries that 500 tokens pay for. Failed calls earn no tokens.
    assert_eq!(replay.requests().len(), 300);
}

#[tokio::test]
async fn attempt_that_timed_out_unsent_is_retried() {
    let unsent = || ReplayStep::new(Err(transport::Error::from(ErrorKind::Timeout).not_sent()));
    let (replay, builder) = scripted([unsent(), respond(200, GRANT)]);
    let client = builder.attempt_timeout(Duration::from_secs(5)).build().unwrap();
    client.exchange_auth_code(exchange()).await.unwrap();
    assert_eq!(replay.requests().len(), 2);
}
