//! Which requests are retried, and when.

use std::{
    future::{Future as _, IntoFuture, poll_fn},
    net::TcpListener,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::{Duration, Instant},
};

use openrouter_oauth::{
    Attribution, Client, ClientBuilder, Entropy, Error, OutcomeUnknown, Retry, UnknownReason,
};
use openrouter_oauth_transport::{
    self as transport, BoxError, ErrorKind, Limits, Timer as _, from_fn,
    testing::{ManualTimer, Never, Replay, ReplayStep},
};

use crate::support::{GRANT, Operation, describe, exchange, key, response};

/// The largest random numbers, and therefore the longest waits.
#[derive(Debug)]
struct LargestEntropy;

impl Entropy for LargestEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        bytes.fill(u8::MAX);
        Ok(())
    }
}

fn builder(timer: &ManualTimer) -> ClientBuilder {
    Client::builder().api_key(key()).timer(timer.clone()).entropy(LargestEntropy)
}

fn responds(status: u16, headers: &[(&str, &str)], body: &'static str) -> ReplayStep {
    ReplayStep::new(Ok(response(status, headers, body)))
}

fn fails(kind: ErrorKind) -> ReplayStep {
    ReplayStep::new(Err(kind.into()))
}

/// Drives `call` to its end and moves the clock through each wait. Also returns the waits.
async fn drive<T>(timer: &ManualTimer, call: impl IntoFuture<Output = T>) -> (T, Vec<Duration>) {
    let mut call = pin!(call.into_future());
    let mut waits = Vec::new();
    loop {
        match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
            Poll::Ready(result) => return (result, waits),
            Poll::Pending => {
                let wait = timer.sleeping()[0];
                waits.push(wait);
                timer.advance(wait);
            }
        }
    }
}

/// Runs a call against `script` and a success after it. Returns the result, the number of requests, and the waits.
async fn run(
    operation: Operation,
    script: impl IntoIterator<Item = ReplayStep>,
) -> (Result<(), Error>, usize, Vec<Duration>) {
    let replay = Replay::new(script.into_iter().chain([responds(200, &[], operation.success())]));
    let timer = ManualTimer::new();
    let client = builder(&timer).transport(replay.clone()).build().unwrap();
    let (result, waits) = drive(&timer, operation.call(&client)).await;
    (result, replay.requests().len(), waits)
}

const MAYBE_SENT_KINDS: [ErrorKind; 5] =
    [ErrorKind::Io, ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Other];

#[tokio::test]
async fn non_idempotent_request_is_sent_once_if_it_may_have_arrived() {
    // F11, F20
    for operation in Operation::NON_IDEMPOTENT {
        let kinds = MAYBE_SENT_KINDS.map(fails).into_iter();
        let statuses = [400, 401, 403, 404, 408, 409, 421, 425, 429, 500, 502, 503, 504, 520, 524];
        let statuses = statuses.map(|status| responds(status, &[("retry-after", "0")], ""));
        let unreadable = ["", "<html>", "{}", "[]"].map(|body| responds(200, &[], body));
        for scripted in kinds.chain(statuses).chain(unreadable) {
            let case = format!("{operation:?} {scripted:?}");
            let (result, requests, waits) = run(operation, [scripted]).await;
            assert!(result.is_err(), "{case}");
            assert_eq!((requests, waits), (1, vec![]), "{case}");
        }
    }
}

#[tokio::test]
async fn idempotent_request_is_retried_if_a_retry_may_help() {
    for operation in Operation::IDEMPOTENT {
        let statuses = [408, 421, 425, 429, 500, 502, 503, 504, 520, 524];
        let statuses = statuses.map(|status| responds(status, &[], ""));
        for scripted in statuses.into_iter().chain([fails(ErrorKind::Io)]) {
            let case = format!("{operation:?} {scripted:?}");
            let (result, requests, waits) = run(operation, [scripted]).await;
            assert!(result.is_ok(), "{case}: {result:?}");
            assert_eq!((requests, waits.len()), (2, 1), "{case}");
        }
    }
}

#[tokio::test]
async fn idempotent_request_is_not_retried_if_a_retry_cannot_help() {
    for operation in Operation::IDEMPOTENT {
        let statuses =
            [400, 401, 403, 404, 405, 409, 413, 415, 422, 307].map(|status| responds(status, &[], ""));
        let kinds = [ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Other];
        for scripted in statuses.into_iter().chain(kinds.map(fails)).chain([responds(200, &[], "<html>")]) {
            let case = format!("{operation:?} {scripted:?}");
            let (result, requests, waits) = run(operation, [scripted]).await;
            assert!(result.is_err(), "{case}");
            assert_eq!((requests, waits), (1, vec![]), "{case}");
        }
    }
}

#[tokio::test]
async fn unsent_request_is_retried() {
    // F2
    let not_sent = [
        || ErrorKind::Connect.into(),
        || ErrorKind::Proxy.into(),
        || transport::Error::from(ErrorKind::Io).not_sent(),
    ];
    for operation in Operation::ALL {
        for error in not_sent {
            let twice = [ReplayStep::new(Err(error())), ReplayStep::new(Err(error()))];
            let (result, requests, waits) = run(operation, twice).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!((requests, waits.len()), (3, 2), "{operation:?}");

            let thrice = [(); 3].map(|()| ReplayStep::new(Err(error())));
            let (result, requests, _) = run(operation, thrice).await;
            assert_eq!(describe(&result.unwrap_err()), "NotSent, retryable", "{operation:?}");
            assert_eq!(requests, 3, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn permanent_transport_error_is_not_retried() {
    let not_sent = |kind: ErrorKind| transport::Error::from(kind).not_sent();
    for operation in Operation::ALL {
        for (kind, expected) in [
            (ErrorKind::Tls, "Tls"),
            (ErrorKind::ProxyAuth, "ProxyAuthRequired"),
            (ErrorKind::ProxyAuthUnsupported, "ProxyAuthRequired"),
            (ErrorKind::Other, "NotSent"),
            (ErrorKind::Timeout, "NotSent, retryable"),
        ] {
            let (result, requests, _) = run(operation, [ReplayStep::new(Err(not_sent(kind)))]).await;
            let error = result.unwrap_err();
            assert_eq!(describe(&error), expected, "{operation:?}");
            assert!(!error.may_have_been_sent());
            assert_eq!(requests, 1, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn sent_attempt_is_final_even_after_an_unsent_one() {
    let script = [fails(ErrorKind::Connect), responds(500, &[], "")];
    let (result, requests, _) = run(Operation::ExchangeAuthCode, script).await;
    assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Status) NotFromOpenRouter");
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn error_of_a_sent_attempt_outlives_later_unsent_ones() {
    for operation in Operation::IDEMPOTENT {
        let connect = || fails(ErrorKind::Connect);
        let (result, requests, _) = run(operation, [responds(500, &[], ""), connect(), connect()]).await;
        assert_eq!(describe(&result.unwrap_err()), "Api NotFromOpenRouter, retryable");
        assert_eq!(requests, 3);
        let (result, _, _) = run(operation, [fails(ErrorKind::Io), connect(), connect()]).await;
        assert_eq!(describe(&result.unwrap_err()), "NoResponse(Io), retryable");
    }
}

#[tokio::test]
async fn every_attempt_sends_the_same_bytes() {
    let check = async |operation: Operation, scripted: fn() -> ReplayStep| {
        let replay = Replay::new([scripted(), scripted(), responds(200, &[], operation.success())]);
        let timer = ManualTimer::new();
        let attribution = Attribution::new("https://my.app").title("My app").categories(["cli-agent"]);
        let builder = builder(&timer).transport(replay.clone()).attribution(attribution);
        let client = builder.user_agent("my-app/1.2").build().unwrap();
        drive(&timer, operation.call(&client)).await.0.unwrap();
        let requests = replay.requests();
        assert_eq!(requests.len(), 3);
        assert_eq!(requests[0].headers()["http-referer"], "https://my.app");
        for request in &requests {
            assert_eq!(request.headers(), requests[0].headers());
            assert_eq!((request.method(), request.uri()), (requests[0].method(), requests[0].uri()));
            assert_eq!(request.body(), requests[0].body());
        }
    };
    for operation in Operation::ALL {
        check(operation, || fails(ErrorKind::Connect)).await;
    }
    for operation in Operation::IDEMPOTENT {
        check(operation, || responds(503, &[], "")).await;
    }
}

#[tokio::test]
async fn every_attempt_carries_the_header_of_the_call() {
    let replay =
        Replay::new([fails(ErrorKind::Connect), fails(ErrorKind::Connect), responds(200, &[], GRANT)]);
    let timer = ManualTimer::new();
    let client = builder(&timer).transport(replay.clone()).build().unwrap();
    let call = client.exchange_auth_code(exchange()).header("x-trace", "42").send_with_response();
    let (sent, _) = drive(&timer, call).await;
    assert_eq!(sent.unwrap().attempts(), 3);
    for request in replay.requests() {
        assert_eq!(request.headers().get_all("x-trace").iter().collect::<Vec<_>>(), ["42"]);
    }
}

#[tokio::test]
async fn backoff_grows_up_to_its_maximum() {
    let timer = ManualTimer::new();
    let replay = Replay::new((0..6).map(|_| fails(ErrorKind::Io)));
    let client = builder(&timer).transport(replay.clone());
    let retry = Retry::default().max_attempts(6).initial_backoff(Duration::from_millis(100));
    let client = client.retry(retry.max_backoff(Duration::from_secs(1))).build().unwrap();
    let (result, waits) = drive(&timer, client.current_key()).await;
    let error = result.unwrap_err();
    assert_eq!(describe(&error), "NoResponse(Io), retryable");
    assert_eq!(replay.requests().len(), 6);
    // The largest random number is a little less than 1.
    let waits = waits.iter().map(|wait| (*wait + Duration::from_micros(1)).as_millis());
    assert!(waits.eq([100, 200, 400, 800, 1000]));
}

#[tokio::test]
async fn caller_sets_the_number_of_attempts() {
    for (retry, attempts) in
        [(Retry::none(), 1), (Retry::default().max_attempts(0), 1), (Retry::default().max_attempts(5), 5)]
    {
        let timer = ManualTimer::new();
        let replay = Replay::new((0..10).map(|_| responds(503, &[], "")));
        let client = builder(&timer).transport(replay.clone()).build().unwrap();
        let (result, _) = drive(&timer, client.signing_keys().retry(retry.clone())).await;
        result.unwrap_err();
        assert_eq!(replay.requests().len(), attempts, "{retry:?}");
    }
}

#[tokio::test]
async fn retry_waits_as_long_as_the_server_asks() {
    // F33. The first of two values counts.
    for (headers, wait) in [
        (&[("retry-after", "7")][..], 7_000),
        (&[("retry-after", "7"), ("retry-after", "9")], 7_000),
        (&[("retry-after-ms", "1500"), ("retry-after", "7")], 1_500),
        (
            &[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")],
            10_000,
        ),
    ] {
        for status in [429, 503] {
            let (result, requests, waits) = run(Operation::CurrentKey, [responds(status, headers, "")]).await;
            assert!(result.is_ok(), "{headers:?}: {result:?}");
            assert_eq!(requests, 2);
            assert_eq!(waits, [Duration::from_millis(wait)], "{headers:?}");
        }
    }
}

#[tokio::test]
async fn server_can_ask_for_no_wait() {
    // F33
    let past = [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")];
    for headers in [&[("retry-after", "0")][..], &past] {
        let (result, requests, waits) = run(Operation::CurrentKey, [responds(503, headers, "")]).await;
        assert!(result.is_ok(), "{headers:?}: {result:?}");
        assert_eq!((requests, waits), (2, vec![]), "{headers:?}");
    }
}

#[tokio::test]
async fn retry_does_not_wait_past_the_deadline() {
    // F33
    for asked in ["30", "31", "3600", "99999999999999999999"] {
        let scripted = responds(503, &[("retry-after", asked)], "");
        let (result, requests, waits) = run(Operation::SigningKeys, [scripted]).await;
        let Err(Error::ServiceUnavailable { retry_after, api }) = result else {
            panic!("{asked}: {result:?}");
        };
        assert_eq!((requests, waits), (1, vec![]), "{asked}");
        // As the server sent it, up to 136 years. Only an exchange caps it, at the lifetime of a code.
        let reported = asked.parse().unwrap_or(u64::from(u32::MAX));
        assert_eq!(retry_after, Some(Duration::from_secs(reported)), "{asked}");
        assert_eq!(api.status(), 503);
    }
}

#[tokio::test]
async fn unreadable_retry_after_is_ignored() {
    // F33
    for nonsense in ["-1", "1e30", "soon", "NaN", ""] {
        let (result, requests, waits) =
            run(Operation::CurrentKey, [responds(429, &[("retry-after", nonsense)], "")]).await;
        assert!(result.is_ok(), "{nonsense}: {result:?}");
        assert_eq!(requests, 2);
        assert!(waits[0] <= Duration::from_millis(250), "{nonsense}: {waits:?}");
    }
}

#[tokio::test]
async fn error_says_how_long_to_wait() {
    for (status, text) in [
        (429, "OpenRouter received too many requests; try again in 7 s"),
        (503, "OpenRouter is unavailable; try again in 7 s"),
    ] {
        for operation in Operation::NON_IDEMPOTENT {
            let (result, _, _) = run(operation, [responds(status, &[("retry-after", "7")], "")]).await;
            let error = result.unwrap_err();
            assert!(error.is_retryable() && !error.is_outcome_unknown());
            assert_eq!(error.to_string(), text);
            let (Error::RateLimited { retry_after, .. } | Error::ServiceUnavailable { retry_after, .. }) =
                error
            else {
                panic!("{error:?}");
            };
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn all_attempts_share_one_deadline() {
    let scripted = || responds(503, &[("retry-after", "12")], "");
    let (result, requests, waits) = run(Operation::CurrentKey, [scripted(), scripted(), scripted()]).await;
    assert_eq!(describe(&result.unwrap_err()), "ServiceUnavailable NotFromOpenRouter, retryable");
    // Only 6 of the 30 seconds are left, too few for a third wait.
    assert_eq!((requests, waits), (3, vec![Duration::from_secs(12); 2]));
}

#[tokio::test]
async fn each_attempt_gets_the_remaining_time() {
    let timer = ManualTimer::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let transport = {
        let (seen, timer) = (Arc::clone(&seen), timer.clone());
        from_fn(move |_, limits: Limits| {
            seen.lock().unwrap().push(limits.timeout.unwrap());
            timer.advance(Duration::from_secs(2));
            async { Err(ErrorKind::Connect.into()) }
        })
    };
    let client = builder(&timer).transport(transport).timeout(Duration::from_secs(9)).build().unwrap();
    let retry = Retry::default().initial_backoff(Duration::ZERO);
    let (result, _) = drive(&timer, client.exchange_auth_code(exchange()).retry(retry)).await;
    assert_eq!(describe(&result.unwrap_err()), "NotSent, retryable");
    assert_eq!(*seen.lock().unwrap(), [9, 7, 5].map(Duration::from_secs));
}

#[tokio::test]
async fn call_can_have_its_own_timeout() {
    let (never, timer) = (Never::new(), ManualTimer::new());
    let client = builder(&timer).transport(never.clone()).build().unwrap();
    for (seconds, call) in [
        (30, client.exchange_auth_code(exchange())),
        (5, client.exchange_auth_code(exchange()).timeout(Duration::from_secs(5))),
        (600, client.exchange_auth_code(exchange()).timeout(Duration::from_secs(600))),
    ] {
        let start = timer.now();
        let (result, _) = drive(&timer, call).await;
        assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Timeout)");
        assert_eq!(timer.now() - start, Duration::from_secs(seconds));
    }
    assert_eq!((never.sent(), never.dropped()), (3, 3));
}

#[tokio::test]
async fn client_without_a_timer_does_not_retry() {
    let replay = Replay::new([fails(ErrorKind::Connect)]);
    let client = Client::builder().transport(replay.clone()).without_deadline().build().unwrap();
    let error = client.exchange_auth_code(exchange()).await.unwrap_err();
    assert_eq!(describe(&error), "NotSent, retryable");
    replay.verify();
}

#[tokio::test]
async fn default_timer_enforces_the_deadline() {
    // The operating system completes a connection before the listener accepts it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let client = Client::builder().base_url(base_url).build().unwrap();
    let (limit, start) = (Duration::from_millis(100), Instant::now());
    let error = client.exchange_auth_code(exchange()).timeout(limit).await.unwrap_err();
    // On a busy machine the deadline may expire before the request is sent.
    assert!(
        ["OutcomeUnknown(Timeout)", "NotSent, retryable"].contains(&describe(&error).as_str()),
        "{error:?}"
    );
    assert!(start.elapsed() >= limit);
}

#[tokio::test]
async fn unknown_outcome_reports_what_is_known() {
    let scripted = responds(502, &[("cf-ray", "8f0e-FRA"), ("x-request-id", "r1")], "<html>");
    let error = run(Operation::ExchangeAuthCode, [scripted]).await.0.unwrap_err();
    let Error::OutcomeUnknown(unknown) = &error else {
        panic!("{error:?}");
    };
    let unknown: &OutcomeUnknown = unknown;
    assert_eq!(unknown.reason(), UnknownReason::Status);
    assert_eq!(unknown.status().unwrap(), 502);
    assert_eq!(unknown.request_id().unwrap().as_str(), "8f0e-FRA");
    let text = error.to_string();
    assert!(text.starts_with("the outcome of exchanging the code is unknown: the server failed"));
    // What to do next.
    assert!(text.contains("https://openrouter.ai/settings/keys"), "{text}");
}
