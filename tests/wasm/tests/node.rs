//! Sign-ins on `wasm32-unknown-unknown`, in Node.js. A clock of the standard library would panic here.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use http::{Request, Response, StatusCode};
use openrouter_oauth::{
    ApiKeyGrant, Client, Error, OutcomeUnknown, Timestamp, UnknownReason,
    transport::{self, ErrorKind, Instant, Limits, Timer, Transport, from_fn, system_time},
};
use openrouter_oauth_wasm_tests::JsTimer;
use wasm_bindgen_test::wasm_bindgen_test;

const GRANT: &str = r#"{"key":"sk-or-v1-0e6f","user_id":"user_1"}"#;

/// Signs in from the URL to the key.
async fn sign_in(client: &Client) -> Result<ApiKeyGrant, Error> {
    let (url, mut pending) = client.authorize("https://my.app/callback").begin()?;
    assert!(url.as_str().starts_with("https://openrouter.ai/auth?"), "{url}");
    let callback = format!("/callback/{}?code=auth_code_abc123", pending.attempt_id());
    let code = pending.read_callback(&callback).unwrap();
    pending.exchange(client, &code).await
}

/// Returns a client with a deadline.
fn client(transport: impl Transport + 'static) -> Client {
    Client::builder().transport(transport).timer(JsTimer).timeout(Duration::from_millis(200)).build().unwrap()
}

/// Returns a transport with the same response to each request.
fn respond(status: StatusCode, retry_after: Option<SystemTime>, body: &'static str) -> impl Transport {
    from_fn(move |_: Request<_>, _: Limits| async move {
        let mut response = Response::builder().status(status);
        if let Some(date) = retry_after {
            response = response.header("retry-after", httpdate::fmt_http_date(date));
        }
        Ok(response.body(body.into()).unwrap())
    })
}

#[track_caller]
fn unknown(result: Result<ApiKeyGrant, Error>) -> OutcomeUnknown {
    match result {
        Err(Error::OutcomeUnknown(unknown)) => *unknown,
        result => panic!("{result:?}"),
    }
}

/// Checks that the outcome became unknown between `start` and now. The time is rounded up to the second.
#[track_caller]
fn check_time(unknown: &OutcomeUnknown, start: SystemTime) {
    let noticed: SystemTime = unknown.noticed_at().unwrap().try_into().unwrap();
    assert!(noticed >= start && noticed < system_time() + Duration::from_secs(1), "{noticed:?}");
}

#[wasm_bindgen_test]
async fn user_signs_in() {
    let grant = sign_in(&client(respond(StatusCode::OK, None, GRANT))).await.unwrap();
    assert_eq!(grant.key.expose(), "sk-or-v1-0e6f");
    assert_eq!(grant.user_id.as_deref(), Some("user_1"));
}

#[wasm_bindgen_test]
async fn deadline_ends_an_exchange() {
    let (start, start_of_day) = (Instant::now(), system_time());
    let never = from_fn(|_: Request<_>, _: Limits| pending());
    let unknown = unknown(sign_in(&client(never)).await);
    assert_eq!(unknown.reason(), UnknownReason::Timeout);
    let elapsed = start.elapsed();
    assert!((200..5_000).contains(&elapsed.as_millis()), "{elapsed:?}");
    check_time(&unknown, start_of_day);
}

#[wasm_bindgen_test]
async fn outcome_is_unknown_without_a_timer() {
    let start = system_time();
    let cut = from_fn(|_: Request<_>, _: Limits| async { Err(transport::Error::from(ErrorKind::Io)) });
    let client = Client::builder().transport(cut).without_deadline().build().unwrap();
    let unknown = unknown(sign_in(&client).await);
    assert_eq!(unknown.reason(), UnknownReason::Cut);
    check_time(&unknown, start);
}

#[wasm_bindgen_test]
async fn date_in_retry_after_is_a_wait() {
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        let date = system_time() + Duration::from_secs(60);
        let error = sign_in(&client(respond(status, Some(date), ""))).await.unwrap_err();
        let (Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. }) = error
        else {
            panic!("{error}")
        };
        // HTTP dates have no fractions of seconds.
        let wait = retry_after.unwrap();
        assert!((58..=60).contains(&wait.as_secs()), "{wait:?}");
    }
}

#[wasm_bindgen_test]
async fn read_is_retried_after_a_date() {
    let past = httpdate::fmt_http_date(system_time() - Duration::from_secs(60));
    let is_first = AtomicBool::new(true);
    let client = client(from_fn(move |_: Request<_>, _: Limits| {
        let response = if is_first.swap(false, Ordering::Relaxed) {
            Response::builder().status(503).header("retry-after", &past).body("".into())
        } else {
            Ok(Response::new(r#"{"keys":[]}"#.into()))
        };
        async { Ok(response.unwrap()) }
    }));
    assert_eq!(client.signing_keys().send_with_response().await.unwrap().attempts(), 2);
}

#[wasm_bindgen_test]
async fn sleep_is_not_too_short() {
    for milliseconds in [0, 1, 25] {
        let (start, duration) = (JsTimer.now(), Duration::from_millis(milliseconds));
        JsTimer.sleep(duration).await;
        assert!(start.elapsed() >= duration);
    }
}

#[wasm_bindgen_test]
fn wall_clock_time_is_a_timestamp() {
    let time = system_time();
    let timestamp = Timestamp::try_from(time).unwrap();
    assert_eq!(SystemTime::try_from(timestamp).unwrap(), time);
    // 2026-01-01T00:00:00Z
    assert!(timestamp.as_unix_seconds() > 1_767_225_600, "{timestamp}");
}
