//! How long a server asks a client to wait.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use openrouter_oauth::{ApiKey, AuthorizationCode, Client, Error, ExchangeAuthCode, Retry};
use openrouter_oauth_transport::{from_fn, testing::ManualTimer};

use super::{checks::assert_fit_to_show, poll::ready};
use crate::canary;

/// The longest wait that the SDK reports for a code, which is how long a code lives.
const CODE_LIFETIME: Duration = Duration::from_secs(600);
/// The longest wait that the SDK reports.
const LONGEST_WAIT: Duration = Duration::from_secs(u32::MAX as u64);
/// The deadline of a call.
const DEADLINE: Duration = Duration::from_secs(30);

/// Checks `Retry-After`, `retry-after-ms` and `Date`, one per line: the SDK reports the wait as the server sent it (for
/// an exchange, at most ten minutes), never waits past the deadline, and trusts a 503 after an exchange only with a
/// wait.
pub fn retry_after(data: &[u8]) {
    // C-24, A1
    let headers = headers(data);
    let [seconds, milliseconds] = ["retry-after", "retry-after-ms"].map(|name| digits(headers.get(name)?));
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        response.headers_mut().clone_from(&headers);

        let wait = reported_to_read(&response);
        let in_digits = milliseconds.map(Duration::from_millis).or(seconds.map(Duration::from_secs));
        match in_digits {
            Some(in_digits) => assert_eq!(wait, Some(in_digits.min(LONGEST_WAIT))),
            // Anything else is a date with a time of day, or no wait.
            None => assert!(wait.is_none() || headers["retry-after"].as_bytes().contains(&b':')),
        }
        assert!(wait <= Some(LONGEST_WAIT), "{wait:?}");
        assert_waits_within_deadline(&response, wait);

        let is_turned_away =
            status == StatusCode::TOO_MANY_REQUESTS || wait.is_some() && headers.contains_key("retry-after");
        let of_code = wait.map(|wait| wait.min(CODE_LIFETIME));
        let of_exchange = if is_turned_away { Ok(of_code) } else { Err(OutcomeUnknown) };
        assert_eq!(reported_to_exchange(&response), of_exchange);
    }
}

/// Turns each line into a header, except empty lines and lines that HTTP cannot carry.
fn headers(data: &[u8]) -> HeaderMap {
    let names = ["retry-after", "retry-after-ms", "date"].map(HeaderName::from_static);
    let lines = names.into_iter().zip(data.splitn(3, |byte| *byte == b'\n'));
    lines
        .filter(|(_, line)| !line.is_empty())
        .filter_map(|(name, line)| Some((name, HeaderValue::from_bytes(line).ok()?)))
        .collect()
}

#[derive(Debug, PartialEq)]
struct OutcomeUnknown;

/// Returns the wait that an exchange reports. An exchange is not retried.
fn reported_to_exchange(response: &Response<Bytes>) -> Result<Option<Duration>, OutcomeUnknown> {
    let (client, _) = client(response);
    let code = AuthorizationCode::parse(canary::CODE).unwrap();
    let error = ready(async { client.exchange_auth_code(ExchangeAuthCode::new(code)).await }).unwrap();
    let error = error.unwrap_err();
    assert_fit_to_show(&error, &[canary::CODE]);
    if error.is_outcome_unknown() { Err(OutcomeUnknown) } else { Ok(reported(&error)) }
}

/// Returns the wait that a read reports, after one attempt.
fn reported_to_read(response: &Response<Bytes>) -> Option<Duration> {
    let (client, _) = client(response);
    let error = ready(async { client.current_key().retry(Retry::none()).await }).unwrap().unwrap_err();
    assert_fit_to_show(&error, &[canary::KEY]);
    reported(&error)
}

fn reported(error: &Error) -> Option<Duration> {
    match error {
        Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. } => {
            *retry_after
        }
        other => panic!("{other:?}"),
    }
}

/// Checks how long a read waits after the same response. A read is retried.
fn assert_waits_within_deadline(response: &Response<Bytes>, wait: Option<Duration>) {
    let (client, timer) = client(response);
    let mut call = Box::pin(async { client.current_key().await });
    let ended = ready(call.as_mut());
    match wait {
        Some(Duration::ZERO) => {}
        Some(wait) if wait < DEADLINE => assert_eq!(timer.sleeping(), [wait]),
        Some(_) => assert!(ended.is_some()),
        None => assert!(timer.sleeping().iter().all(|wait| *wait < DEADLINE)),
    }
}

/// Builds a client that gets this response to every request. Also returns its clock.
fn client(response: &Response<Bytes>) -> (Client, ManualTimer) {
    let response = response.clone();
    let transport = from_fn(move |_, _| std::future::ready(Ok(response.clone())));
    let timer = ManualTimer::new();
    let key = ApiKey::parse(canary::KEY).unwrap();
    let builder = Client::builder().transport(transport).timer(timer.clone()).timeout(DEADLINE).api_key(key);
    (builder.build().unwrap(), timer)
}

/// Parses a header that contains only digits, possibly between spaces.
fn digits(value: &HeaderValue) -> Option<u64> {
    let value = value.as_bytes().trim_ascii();
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(value).unwrap().parse().unwrap_or(u64::MAX))
}
