//! What is sent again, when, and what never is.

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
    testing::{Exchange, ManualTimer, Never, Replay},
};

use crate::support::{GRANT, Operation, describe, exchange, key, response};

/// Random numbers that are as large as can be, so that waits are.
#[derive(Debug)]
struct Largest;

impl Entropy for Largest {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        bytes.fill(u8::MAX);
        Ok(())
    }
}

fn builder(timer: &ManualTimer) -> ClientBuilder {
    Client::builder().api_key(key()).timer(timer.clone()).entropy(Largest)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Exchange {
    Exchange::new(Ok(response(status, headers, body)))
}

fn no_answer(kind: ErrorKind) -> Exchange {
    Exchange::new(Err(kind.into()))
}

/// Drives `call` to its end, moving the clock through each wait, and returns the waits, too.
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

/// Plays `script`, then a success, and tells the error there was, how many requests were sent, and the waits.
async fn play(
    operation: Operation,
    script: impl IntoIterator<Item = Exchange>,
) -> (Result<(), Error>, usize, Vec<Duration>) {
    let replay = Replay::new(script.into_iter().chain([answer(200, &[], operation.success())]));
    let timer = ManualTimer::new();
    let client = builder(&timer).transport(replay.clone()).build().unwrap();
    let (result, waits) = drive(&timer, operation.call(&client)).await;
    (result, replay.requests().len(), waits)
}

const KINDS_THAT_MAY_HAVE_BEEN_SENT: [ErrorKind; 5] =
    [ErrorKind::Io, ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Other];

#[tokio::test]
async fn what_makes_something_is_sent_once_if_it_may_have_arrived() {
    // F11, F20
    for operation in Operation::MAKING {
        let kinds = KINDS_THAT_MAY_HAVE_BEEN_SENT.map(no_answer).into_iter();
        let statuses = [400, 401, 403, 404, 408, 409, 421, 425, 429, 500, 502, 503, 504, 520, 524];
        let statuses = statuses.map(|status| answer(status, &[("retry-after", "0")], ""));
        let unreadable = ["", "<html>", "{}", "[]"].map(|body| answer(200, &[], body));
        for step in kinds.chain(statuses).chain(unreadable) {
            let case = format!("{operation:?} {step:?}");
            let (result, requests, waits) = play(operation, [step]).await;
            assert!(result.is_err(), "{case}");
            assert_eq!((requests, waits), (1, vec![]), "{case}");
        }
    }
}

#[tokio::test]
async fn what_reads_is_sent_again_if_that_may_help() {
    for operation in Operation::READING {
        let statuses = [408, 421, 425, 429, 500, 502, 503, 504, 520, 524];
        let statuses = statuses.map(|status| answer(status, &[], ""));
        for step in statuses.into_iter().chain([no_answer(ErrorKind::Io)]) {
            let case = format!("{operation:?} {step:?}");
            let (result, requests, waits) = play(operation, [step]).await;
            assert!(result.is_ok(), "{case}: {result:?}");
            assert_eq!((requests, waits.len()), (2, 1), "{case}");
        }
    }
}

#[tokio::test]
async fn what_reads_is_not_sent_again_in_vain() {
    for operation in Operation::READING {
        let statuses =
            [400, 401, 403, 404, 405, 409, 413, 415, 422, 307].map(|status| answer(status, &[], ""));
        let kinds = [ErrorKind::Timeout, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Other];
        for step in statuses.into_iter().chain(kinds.map(no_answer)).chain([answer(200, &[], "<html>")]) {
            let case = format!("{operation:?} {step:?}");
            let (result, requests, waits) = play(operation, [step]).await;
            assert!(result.is_err(), "{case}");
            assert_eq!((requests, waits), (1, vec![]), "{case}");
        }
    }
}

#[tokio::test]
async fn whatever_was_not_sent_is_sent_again() {
    // F2
    let not_sent = [
        || ErrorKind::Connect.into(),
        || ErrorKind::Proxy.into(),
        || transport::Error::from(ErrorKind::Io).not_sent(),
    ];
    for operation in Operation::ALL {
        for error in not_sent {
            let twice = [Exchange::new(Err(error())), Exchange::new(Err(error()))];
            let (result, requests, waits) = play(operation, twice).await;
            assert!(result.is_ok(), "{operation:?}: {result:?}");
            assert_eq!((requests, waits.len()), (3, 2), "{operation:?}");

            let thrice = [(); 3].map(|()| Exchange::new(Err(error())));
            let (result, requests, _) = play(operation, thrice).await;
            assert_eq!(describe(&result.unwrap_err()), "NotSent, retryable", "{operation:?}");
            assert_eq!(requests, 3, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn what_would_end_the_same_is_not_tried_again() {
    let not_sent = |kind: ErrorKind| transport::Error::from(kind).not_sent();
    for operation in Operation::ALL {
        for (kind, told) in [
            (ErrorKind::Tls, "Tls"),
            (ErrorKind::ProxyAuth, "ProxyAuthRequired"),
            (ErrorKind::Other, "NotSent, retryable"),
            (ErrorKind::Timeout, "NotSent, retryable"),
        ] {
            let (result, requests, _) = play(operation, [Exchange::new(Err(not_sent(kind)))]).await;
            let error = result.unwrap_err();
            assert_eq!(describe(&error), told, "{operation:?}");
            assert!(!error.may_have_been_sent());
            assert_eq!(requests, 1, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn a_try_that_was_not_sent_does_not_excuse_one_that_was() {
    let script = [no_answer(ErrorKind::Connect), answer(500, &[], "")];
    let (result, requests, _) = play(Operation::ExchangeAuthCode, script).await;
    assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Status) ServerError");
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn a_try_that_was_not_sent_does_not_hide_one_that_was() {
    for operation in Operation::READING {
        let connect = || no_answer(ErrorKind::Connect);
        let (result, requests, _) = play(operation, [answer(500, &[], ""), connect(), connect()]).await;
        assert_eq!(describe(&result.unwrap_err()), "Api ServerError, retryable");
        assert_eq!(requests, 3);
        let (result, _, _) = play(operation, [no_answer(ErrorKind::Io), connect(), connect()]).await;
        assert_eq!(describe(&result.unwrap_err()), "OutcomeUnknown(Cut), retryable");
    }
}

#[tokio::test]
async fn every_try_sends_the_same_bytes() {
    let check = async |operation: Operation, step: fn() -> Exchange| {
        let replay = Replay::new([step(), step(), answer(200, &[], operation.success())]);
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
        check(operation, || no_answer(ErrorKind::Connect)).await;
    }
    for operation in Operation::READING {
        check(operation, || answer(503, &[], "")).await;
    }
}

#[tokio::test]
async fn a_header_of_the_call_goes_with_every_try() {
    let replay =
        Replay::new([no_answer(ErrorKind::Connect), no_answer(ErrorKind::Connect), answer(200, &[], GRANT)]);
    let timer = ManualTimer::new();
    let client = builder(&timer).transport(replay.clone()).build().unwrap();
    let call = client.exchange_auth_code(exchange()).header("x-trace", "42").send();
    let (sent, _) = drive(&timer, call).await;
    assert_eq!(sent.unwrap().attempts(), 3);
    for request in replay.requests() {
        assert_eq!(request.headers().get_all("x-trace").iter().collect::<Vec<_>>(), ["42"]);
    }
}

#[tokio::test]
async fn waits_grow_up_to_a_maximum() {
    let timer = ManualTimer::new();
    let replay = Replay::new((0..6).map(|_| no_answer(ErrorKind::Io)));
    let client = builder(&timer).transport(replay.clone());
    let retry = Retry::default().max_attempts(6).initial_backoff(Duration::from_millis(100));
    let client = client.retry(retry.max_backoff(Duration::from_secs(1))).build().unwrap();
    let (result, waits) = drive(&timer, client.current_key()).await;
    let error = result.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(Cut), retryable");
    assert_eq!(replay.requests().len(), 6);
    // The largest random number is a little less than 1.
    let waits = waits.iter().map(|wait| (*wait + Duration::from_micros(1)).as_millis());
    assert!(waits.eq([100, 200, 400, 800, 1000]));
}

#[tokio::test]
async fn the_number_of_tries_is_the_callers() {
    for (retry, tries) in
        [(Retry::none(), 1), (Retry::default().max_attempts(0), 1), (Retry::default().max_attempts(5), 5)]
    {
        let timer = ManualTimer::new();
        let replay = Replay::new((0..10).map(|_| answer(503, &[], "")));
        let client = builder(&timer).transport(replay.clone()).build().unwrap();
        let (result, _) = drive(&timer, client.signing_keys().retry(retry.clone())).await;
        result.unwrap_err();
        assert_eq!(replay.requests().len(), tries, "{retry:?}");
    }
}

#[tokio::test]
async fn the_wait_that_the_server_asks_for_is_kept() {
    // F33. Of two the first counts.
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
            let (result, requests, waits) = play(Operation::CurrentKey, [answer(status, headers, "")]).await;
            assert!(result.is_ok(), "{headers:?}: {result:?}");
            assert_eq!(requests, 2);
            assert_eq!(waits, [Duration::from_millis(wait)], "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_server_may_ask_for_no_wait() {
    // F33
    let past = [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT")];
    for headers in [&[("retry-after", "0")][..], &past] {
        let (result, requests, waits) = play(Operation::CurrentKey, [answer(503, headers, "")]).await;
        assert!(result.is_ok(), "{headers:?}: {result:?}");
        assert_eq!((requests, waits), (2, vec![]), "{headers:?}");
    }
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    // F33
    for asked in ["30", "31", "3600", "99999999999999999999"] {
        let step = answer(503, &[("retry-after", asked)], "");
        let (result, requests, waits) = play(Operation::SigningKeys, [step]).await;
        let Err(Error::ServiceUnavailable { retry_after, api }) = result else {
            panic!("{asked}: {result:?}");
        };
        assert_eq!((requests, waits), (1, vec![]), "{asked}");
        // No longer than a code lives.
        let told = asked.parse().map_or(600, |asked: u64| asked.min(600));
        assert_eq!(retry_after, Some(Duration::from_secs(told)), "{asked}");
        assert_eq!(api.status(), 503);
    }
}

#[tokio::test]
async fn a_wait_that_cannot_be_read_is_not_kept() {
    // F33
    for nonsense in ["-1", "1e30", "soon", "NaN", ""] {
        let (result, requests, waits) =
            play(Operation::CurrentKey, [answer(429, &[("retry-after", nonsense)], "")]).await;
        assert!(result.is_ok(), "{nonsense}: {result:?}");
        assert_eq!(requests, 2);
        assert!(waits[0] <= Duration::from_millis(250), "{nonsense}: {waits:?}");
    }
}

#[tokio::test]
async fn the_caller_is_told_how_long_to_wait() {
    for (status, text) in [
        (429, "OpenRouter asks for fewer requests; try again in 7 s"),
        (503, "OpenRouter is not available; try again in 7 s"),
    ] {
        for operation in Operation::MAKING {
            let (result, _, _) = play(operation, [answer(status, &[("retry-after", "7")], "")]).await;
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
async fn all_tries_share_one_deadline() {
    let step = || answer(503, &[("retry-after", "12")], "");
    let (result, requests, waits) = play(Operation::CurrentKey, [step(), step(), step()]).await;
    assert_eq!(describe(&result.unwrap_err()), "ServiceUnavailable ServerError, retryable");
    // 6 of the 30 seconds are left for a third wait.
    assert_eq!((requests, waits), (3, vec![Duration::from_secs(12); 2]));
}

#[tokio::test]
async fn each_try_is_told_what_is_left_of_the_time() {
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
async fn the_time_limit_of_one_call_is_its_own() {
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
async fn without_a_clock_nothing_is_sent_again() {
    let replay = Replay::new([no_answer(ErrorKind::Connect)]);
    let client = Client::builder().transport(replay.clone()).without_deadline().build().unwrap();
    let error = client.exchange_auth_code(exchange()).await.unwrap_err();
    assert_eq!(describe(&error), "NotSent, retryable");
    replay.verify();
}

#[tokio::test]
async fn the_clock_of_a_client_is_real() {
    // The system connects for a listener that accepts nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", silent.local_addr().unwrap());
    let client = Client::builder().base_url(base_url).build().unwrap();
    let (limit, start) = (Duration::from_millis(100), Instant::now());
    let error = client.exchange_auth_code(exchange()).timeout(limit).await.unwrap_err();
    // On a busy machine the time may be over before the request is out.
    assert!(
        ["OutcomeUnknown(Timeout)", "NotSent, retryable"].contains(&describe(&error).as_str()),
        "{error:?}"
    );
    assert!(start.elapsed() >= limit);
}

#[tokio::test]
async fn an_unknown_outcome_tells_what_is_known() {
    let step = answer(502, &[("cf-ray", "8f0e-FRA"), ("x-request-id", "r1")], "<html>");
    let error = play(Operation::ExchangeAuthCode, [step]).await.0.unwrap_err();
    let Error::OutcomeUnknown(unknown) = &error else {
        panic!("{error:?}");
    };
    let unknown: &OutcomeUnknown = unknown;
    assert_eq!(unknown.reason(), UnknownReason::Status);
    assert_eq!(unknown.status().unwrap(), 502);
    assert_eq!(unknown.request_id().unwrap().as_str(), "8f0e-FRA");
    let text = error.to_string();
    assert!(text.starts_with("the outcome of exchangeAuthCodeForAPIKey is not known: the server failed"));
    // What to do next.
    assert!(text.contains("https://openrouter.ai/settings/keys"), "{text}");
}
