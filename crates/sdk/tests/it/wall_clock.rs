//! Tests of the wall clock, which comes from the client's timer.

use std::time::{Duration, SystemTime};

use http::Response;
use openrouter_oauth::{
    Client, Error, Retry, Timestamp,
    transport::{
        ErrorKind, Timer,
        testing::{ManualTimer, Replay, ReplayStep},
    },
};

use crate::support::{Hasty, exchange, fault, scripted};

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[tokio::test]
async fn unknown_outcome_is_noticed_at_the_time_of_the_timer() {
    // C-25
    let timer = ManualTimer::new();
    timer.advance(YEAR);
    let (_, builder) = scripted([fault(ErrorKind::Io)]);
    let client = builder.timer(Hasty(timer.clone())).build().unwrap();
    let noticed = noticed_at(client).await;
    assert!(noticed >= timer.system_time());
    assert!(noticed < timer.system_time() + Duration::from_secs(1));
}

#[tokio::test]
async fn unknown_outcome_has_a_time_without_a_timer() {
    let start = SystemTime::now();
    let transport = Replay::new([fault(ErrorKind::Io)]);
    let noticed =
        noticed_at(Client::builder().transport(transport).without_deadline().build().unwrap()).await;
    assert!(noticed >= start);
}

async fn noticed_at(client: Client) -> SystemTime {
    let error = client.exchange_auth_code(exchange()).await.unwrap_err();
    let Error::OutcomeUnknown(unknown) = error else { panic!("{error}") };
    let noticed: Timestamp = unknown.noticed_at().unwrap();
    noticed.try_into().unwrap()
}

#[tokio::test]
async fn date_in_retry_after_is_relative_to_the_time_of_the_timer() {
    // C-24
    let timer = ManualTimer::new();
    timer.advance(YEAR);
    let date = httpdate::fmt_http_date(timer.system_time() + Duration::from_secs(60));
    let response = Response::builder().status(429).header("retry-after", date).body("".into()).unwrap();
    let (_, builder) = scripted([ReplayStep::new(Ok(response))]);
    let client = builder.timer(Hasty(timer)).retry(Retry::default().max_attempts(1)).build().unwrap();
    let error = client.signing_keys().await.unwrap_err();
    let Error::RateLimited { retry_after: Some(wait), .. } = error else { panic!("{error}") };
    // HTTP dates have no fractions of seconds.
    assert!((59..=60).contains(&wait.as_secs()), "{wait:?}");
}
