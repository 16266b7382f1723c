//! A sign-in from its beginning to its end: fresh, in flight, spent, stored.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{AnySignIn, CallbackUrl, Client, HeadlessSignIn, PendingSignIn, Retry};
use openrouter_oauth_tests::{canary, query};
use openrouter_oauth_transport::{
    Error, ErrorKind, Limits, Transport, from_fn,
    testing::{Capture, Exchange, ManualTimer, Never, Replay},
};

use crate::support::{GRANT, code, describe, response, until};

fn client(transport: impl Transport + 'static) -> Client {
    let builder = Client::builder().transport(transport).timer(ManualTimer::new());
    builder.retry(Retry::none()).build().unwrap()
}

fn begin(client: &Client) -> PendingSignIn {
    let callback = CallbackUrl::parse("https://my.app/callback").unwrap();
    client.authorize(callback).begin().unwrap().1
}

fn answer(status: u16, body: &'static str) -> Exchange {
    Exchange::answer(Ok(response(status, &[], body)))
}

fn no_answer(kind: ErrorKind) -> Exchange {
    Exchange::answer(Err(kind.into()))
}

#[tokio::test]
async fn what_surely_was_not_processed_leaves_it_fresh() {
    // P-5: with the same verifier, as often as need be.
    let code = code();
    let script = || {
        [
            no_answer(ErrorKind::Connect),
            no_answer(ErrorKind::Tls),
            no_answer(ErrorKind::Proxy),
            Exchange::answer(Err(Error::from(ErrorKind::Io).not_sent())),
            answer(429, ""),
            answer(503, "<html>"),
            answer(400, r#"{"error":{"message":"Invalid code","code":400}}"#),
            answer(403, r#"{"error":{"message":"Authorization code expired","code":403}}"#),
            answer(403, ""),
            answer(404, ""),
            answer(200, GRANT),
        ]
    };
    let replay = Replay::new(script());
    let client = client(replay.clone());
    let mut pending = begin(&client);
    for _ in 1..script().len() {
        pending.exchange(&client, &code).await.unwrap_err();
        assert!(pending.is_fresh());
    }
    pending.exchange(&client, &code).await.unwrap();
    assert!(!pending.is_fresh());
    replay.verify();
    let requests = replay.requests();
    assert!(requests.iter().all(|request| request.body() == requests[0].body()));
}

#[tokio::test]
async fn an_unknown_outcome_spends_it() {
    let code = code();
    for step in [
        no_answer(ErrorKind::Io),
        no_answer(ErrorKind::Timeout),
        no_answer(ErrorKind::TooLarge),
        no_answer(ErrorKind::Protocol),
        no_answer(ErrorKind::Other),
        answer(500, ""),
        answer(502, "<html>"),
        answer(504, ""),
        answer(524, ""),
        answer(200, ""),
        answer(200, "<html>"),
        answer(204, ""),
        answer(200, r#"{"error":{"code":500,"message":"No."}}"#),
    ] {
        let case = format!("{step:?}");
        let replay = Replay::new([step]);
        let client = client(replay.clone());
        let mut pending = begin(&client);
        let error = pending.exchange(&client, &code).await.unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{case}: {error:?}");
        for _ in 0..2 {
            let again = pending.exchange(&client, &code).await.unwrap_err();
            assert_eq!(describe(&again), "Spent(OutcomeUnknown)", "{case}");
            assert!(!again.may_have_been_sent());
        }
        assert_eq!(replay.requests().len(), 1, "{case}");
    }
}

#[tokio::test]
async fn an_exchange_that_is_dropped_spends_it() {
    let code = code();
    let never = Never::new();
    let client = client(never.clone());
    let mut pending = begin(&client);
    {
        let mut exchange = pin!(pending.exchange(&client, &code));
        let mut context = Context::from_waker(Waker::noop());
        assert!(exchange.as_mut().poll(&mut context).is_pending());
        assert_eq!(never.sent(), 1);
    }
    assert_eq!((never.dropped(), pending.is_fresh()), (1, false));
    let error = pending.exchange(&client, &code).await.unwrap_err();
    assert_eq!(describe(&error), "Spent(Abandoned)");
    assert_eq!(describe(&pending.into_secret_json().unwrap_err()), "Spent(Abandoned)");
    assert_eq!(never.sent(), 1);
}

#[tokio::test]
async fn an_exchange_that_was_never_polled_leaves_it_fresh() {
    let code = code();
    let client = client(Never::new());
    let mut pending = begin(&client);
    drop(pending.exchange(&client, &code));
    assert!(pending.is_fresh());
}

#[tokio::test]
async fn an_exchange_may_be_dropped_after_any_poll() {
    // F50, C-28
    let code = code();
    let sent = Arc::new(AtomicUsize::new(0));
    let slow = {
        let sent = Arc::clone(&sent);
        from_fn(move |_: Request<Bytes>, _: Limits| {
            sent.fetch_add(1, Ordering::SeqCst);
            async {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                Ok(Response::new(GRANT.into()))
            }
        })
    };
    let client = client(slow);
    for polls in 0..=4 {
        let mut pending = begin(&client);
        {
            let mut exchange = pin!(pending.exchange(&client, &code));
            for _ in 0..polls {
                let _polled = poll_fn(|context| Poll::Ready(exchange.as_mut().poll(context))).await;
            }
        }
        assert_eq!(pending.is_fresh(), polls == 0, "after {polls} polls");
        let before = sent.load(Ordering::SeqCst);
        if polls > 0 {
            let error = pending.exchange(&client, &code).await.unwrap_err();
            let reason = if polls == 4 { "Spent(Exchanged)" } else { "Spent(Abandoned)" };
            assert_eq!(describe(&error), reason, "after {polls} polls");
        }
        assert_eq!(sent.load(Ordering::SeqCst), before, "after {polls} polls");
    }
}

#[tokio::test]
async fn an_exchange_crosses_threads() {
    // C-28
    let code = code();
    let client = client(Replay::new([answer(200, GRANT)]));
    let mut pending = begin(&client);
    let exchange = tokio::spawn(async move { pending.exchange(&client, &code).await });
    exchange.await.unwrap().unwrap();
}

#[tokio::test]
async fn it_is_exchanged_with_the_service_it_was_begun_with() {
    // C-31
    let code = code();
    let capture = Capture::new(Response::new(GRANT.into()));
    let [ours, other] = ["https://openrouter.ai/api/v1", "https://other.example/api/v1"].map(|base_url| {
        crate::support::builder().base_url(base_url).transport(capture.clone()).timer(ManualTimer::new())
    });
    let (ours, other) = (ours.build().unwrap(), other.build().unwrap());
    let mut pending = begin(&ours);
    let error = pending.exchange(&other, &code).await.unwrap_err();
    assert_eq!(describe(&error), "OriginMismatch");
    assert_eq!(
        error.to_string(),
        "the sign-in was begun with https://openrouter.ai, but this client calls https://other.example"
    );
    capture.expect_no_request();
    // It lost nothing.
    pending.exchange(&ours, &code).await.unwrap();
    assert_eq!(capture.expect_request().uri(), "https://openrouter.ai/api/v1/auth/keys");
}

#[tokio::test]
async fn another_path_or_spelling_of_one_service_is_the_same_service() {
    // C-31
    let code = code();
    let replay = Replay::new([answer(200, GRANT)]);
    let of = |url| {
        let builder = Client::builder().transport(replay.clone()).timer(ManualTimer::new());
        builder.base_url(url).build().unwrap()
    };
    let mut pending = begin(&of("https://openrouter.ai/api/v1"));
    pending.exchange(&of("https://OpenRouter.ai:443/api/v2"), &code).await.unwrap();
}

#[tokio::test]
async fn it_goes_through_a_session_store_and_back() {
    let replay = Replay::new([answer(200, GRANT), answer(200, GRANT)]);
    let client = client(replay.clone());
    for headless in [false, true] {
        let (mut restored, code) = if headless {
            let (_, pending) = client.authorize_headless().begin().unwrap();
            let stored = pending.into_secret_json().unwrap();
            assert!(PendingSignIn::from_secret_json(stored.expose()).is_err());
            let restored = HeadlessSignIn::from_secret_json(stored.expose()).unwrap();
            let code = restored.read_pasted("c0de");
            (AnySignIn::from(restored), code)
        } else {
            let (url, pending) = client.authorize("https://my.app/callback?a=1").begin().unwrap();
            let (attempt_id, callback) = (pending.attempt_id().to_owned(), pending.callback_url().clone());
            let stored = pending.into_secret_json().unwrap();
            assert!(HeadlessSignIn::from_secret_json(stored.expose()).is_err());
            let restored = PendingSignIn::from_secret_json(stored.expose()).unwrap();
            assert_eq!((restored.attempt_id(), restored.callback_url()), (&*attempt_id, &callback));
            let state = query::parameter(url.as_str(), "state");
            restored.read_callback(&format!("{callback}&code=c0de&state=x")).unwrap_err();
            let code = restored.read_callback(&format!("{callback}&code=c0de&state={state}"));
            (AnySignIn::from(restored), code)
        };
        assert!(restored.is_fresh());
        restored.exchange(&client, &code.unwrap()).await.unwrap();
        let error = restored.into_secret_json().unwrap_err();
        assert_eq!(describe(&error), "Spent(Exchanged)");
    }
    replay.verify();
}

#[test]
fn what_was_not_stored_by_us_is_refused_without_repeating_it() {
    let client = client(Never::new());
    let stored = begin(&client).into_secret_json().unwrap();
    let stored = stored.expose();
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        canary::BODY,
        &stored.replace("\"version\":1", "\"version\":2"),
        &stored.replace("https://my.app", "http://evil"),
        &stored.replace("\"code_verifier\":\"", "\"code_verifier\":\"canary-of-the-body-7d1f!"),
        &stored.replace("\"state\":\"", "\"state\":\"\\u0000"),
        &stored[..stored.len() - 1],
    ] {
        let error = PendingSignIn::from_secret_json(bad).unwrap_err();
        assert!(describe(&error).starts_with("Invalid("), "{bad}");
        canary::assert_hidden(&canary::everything(&error), &[canary::BODY]);
    }
}

#[tokio::test]
async fn two_sign_ins_at_once_are_two() {
    // L-24: the key of each comes by the verifier of each, whatever the order.
    let code = code();
    let client = client(Replay::new((0..2).map(|_| answer(200, GRANT))));
    let [mut first, mut second] = [(); 2].map(|()| begin(&client));
    let foreign = format!("{}?code=c0de", first.callback_url());
    second.read_callback(&foreign).unwrap_err();
    let (second, first) = tokio::join!(second.exchange(&client, &code), first.exchange(&client, &code));
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn a_deadline_spends_it_too() {
    let code = code();
    let (never, timer) = (Never::new(), ManualTimer::new());
    let builder = Client::builder().transport(never.clone()).timer(timer.clone());
    let client = builder.build().unwrap();
    let mut pending = begin(&client);
    let deadline = Duration::from_secs(30);
    let clock = async {
        until(|| timer.sleeping() == [deadline]).await;
        timer.advance(deadline);
    };
    let (exchanged, ()) = tokio::join!(pending.exchange(&client, &code), clock);
    assert_eq!(describe(&exchanged.unwrap_err()), "OutcomeUnknown(Timeout)");
    assert_eq!((never.sent(), never.dropped()), (1, 1));
    assert!(!pending.is_fresh());
}
