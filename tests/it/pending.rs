//! The states of a pending sign-in: fresh, in flight, spent, stored.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, Response};
use openrouter_oauth::{AnySignIn, CallbackUrl, Client, HeadlessSignIn, PendingParts, PendingSignIn, Retry};
use openrouter_oauth_tests::{canary, query};
use openrouter_oauth_transport::{
    Error, ErrorKind, Limits, Transport, from_fn,
    testing::{Capture, ManualTimer, Never, Replay, ReplayStep},
};

use crate::support::{GRANT, code, describe, response, wait_until};

fn client(transport: impl Transport + 'static) -> Client {
    let builder = Client::builder().transport(transport).timer(ManualTimer::new());
    builder.retry(Retry::none()).build().unwrap()
}

fn begin(client: &Client) -> PendingSignIn {
    let callback = CallbackUrl::parse("https://my.app/callback").unwrap();
    client.authorize(callback).begin().unwrap().1
}

fn responds(status: u16, body: &'static str) -> ReplayStep {
    ReplayStep::new(Ok(response(status, &[], body)))
}

fn fails(kind: ErrorKind) -> ReplayStep {
    ReplayStep::new(Err(kind.into()))
}

#[tokio::test]
async fn unprocessed_exchange_leaves_the_sign_in_fresh() {
    // P-5: the same verifier works any number of times.
    let code = code();
    let script = || {
        [
            fails(ErrorKind::Connect),
            fails(ErrorKind::Tls),
            fails(ErrorKind::Proxy),
            ReplayStep::new(Err(Error::from(ErrorKind::Io).not_sent())),
            responds(429, ""),
            // A1: the wait shows that the request was turned away.
            ReplayStep::new(Ok(response(503, &[("retry-after", "7")], "<html>"))),
            responds(400, r#"{"error":{"message":"Invalid code","code":400}}"#),
            responds(403, r#"{"error":{"message":"Authorization code expired","code":403}}"#),
            // A1: a rejection that is not OpenRouter's says nothing about the code.
            responds(403, ""),
            responds(404, "<html>"),
            responds(302, ""),
            responds(200, GRANT),
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
async fn unknown_outcome_spends_the_sign_in() {
    let code = code();
    for scripted in [
        fails(ErrorKind::Io),
        fails(ErrorKind::Timeout),
        fails(ErrorKind::TooLarge),
        fails(ErrorKind::Protocol),
        fails(ErrorKind::Other),
        // A1, A15
        responds(408, ""),
        responds(421, ""),
        responds(425, ""),
        responds(503, ""),
        responds(503, r#"{"error":{"code":503,"message":"Service Unavailable"}}"#),
        responds(500, ""),
        responds(502, "<html>"),
        responds(504, ""),
        responds(524, ""),
        responds(200, ""),
        responds(200, "<html>"),
        responds(204, ""),
        responds(200, r#"{"error":{"code":500,"message":"No."}}"#),
    ] {
        let case = format!("{scripted:?}");
        let replay = Replay::new([scripted]);
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
async fn dropped_exchange_spends_the_sign_in() {
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
async fn unpolled_exchange_leaves_the_sign_in_fresh() {
    let code = code();
    let client = client(Never::new());
    let mut pending = begin(&client);
    drop(pending.exchange(&client, &code));
    assert!(pending.is_fresh());
}

#[tokio::test]
async fn exchange_can_be_dropped_after_any_poll() {
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
async fn exchange_crosses_threads() {
    // C-28
    let code = code();
    let client = client(Replay::new([responds(200, GRANT)]));
    let mut pending = begin(&client);
    let exchange = tokio::spawn(async move { pending.exchange(&client, &code).await });
    exchange.await.unwrap().unwrap();
}

#[tokio::test]
async fn code_goes_only_to_the_service_of_its_sign_in() {
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
        "the sign-in began with https://openrouter.ai, but this client calls https://other.example"
    );
    capture.expect_no_request();
    // The sign-in is still fresh.
    pending.exchange(&ours, &code).await.unwrap();
    assert_eq!(capture.expect_request().uri(), "https://openrouter.ai/api/v1/auth/keys");
}

#[tokio::test]
async fn origin_ignores_path_and_spelling_of_the_base_url() {
    // C-31
    let code = code();
    let replay = Replay::new([responds(200, GRANT)]);
    let of = |url| {
        let builder = Client::builder().transport(replay.clone()).timer(ManualTimer::new());
        builder.base_url(url).build().unwrap()
    };
    let mut pending = begin(&of("https://openrouter.ai/api/v1"));
    pending.exchange(&of("https://OpenRouter.ai:443/api/v2"), &code).await.unwrap();
}

#[tokio::test]
async fn sign_in_survives_a_session_store() {
    let replay = Replay::new([responds(200, GRANT), responds(200, GRANT)]);
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

/// Restores a sign-in from its fields.
fn from_parts(client: &Client, parts: PendingParts) -> PendingSignIn {
    let callback = CallbackUrl::parse("https://my.app/callback").unwrap();
    PendingSignIn::from_secret_parts(parts, client.origin(), &callback, None).unwrap()
}

#[tokio::test]
async fn sign_in_survives_as_separate_fields() {
    let replay = Replay::new([responds(200, GRANT)]);
    let client = client(replay.clone());
    let (url, pending) = client.authorize("https://my.app/callback").begin().unwrap();
    let (callback, begun_at) = (pending.callback_url().clone(), pending.begun_at());
    let parts = pending.into_secret_parts().unwrap();
    let lengths = (parts.attempt_id.len(), parts.state.expose().len(), parts.code_verifier.expose().len());
    assert_eq!((lengths, parts.doubtful), ((22, 22, 43), false));
    let shown = format!("{parts:?}");
    for secret in [&*parts.attempt_id, parts.state.expose(), parts.code_verifier.expose()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let mut restored = from_parts(&client, parts);
    assert_eq!((restored.callback_url(), restored.begun_at()), (&callback, begun_at));
    let state = query::parameter(url.as_str(), "state");
    restored.read_callback(&format!("{callback}?code=c0de&state=x")).unwrap_err();
    let code = restored.read_callback(&format!("{callback}?code=c0de&state={state}")).unwrap();
    restored.exchange(&client, &code).await.unwrap();
    assert_eq!(describe(&restored.into_secret_parts().unwrap_err()), "Spent(Exchanged)");
    replay.verify();
}

#[test]
fn fields_out_of_bounds_are_rejected() {
    let client = client(Never::new());
    let callback = CallbackUrl::parse("https://my.app/callback").unwrap();
    let restore = |change: fn(&mut PendingParts)| {
        let mut parts = begin(&client).into_secret_parts().unwrap();
        change(&mut parts);
        PendingSignIn::from_secret_parts(parts, client.origin(), &callback, None)
            .map_err(|error| describe(&error))
    };
    assert!(restore(|_| {}).is_ok());
    assert!(restore(|parts| parts.attempt_id = "../x".into()).is_err());
    assert!(restore(|parts| parts.begun_at = UNIX_EPOCH - Duration::from_secs(9)).is_err());
    assert!(restore(|parts| parts.begun_at = UNIX_EPOCH + Duration::from_secs(253_402_300_800)).is_err());
}

#[tokio::test]
async fn unprocessed_sign_in_can_be_put_back_with_its_doubt() {
    // A proxy's 403 leaves the sign-in fresh, but the code may have been used.
    let code = code();
    let replay = Replay::new([
        fails(ErrorKind::Connect),
        responds(403, "<html>"),
        responds(400, r#"{"error":{"message":"Invalid code","code":400}}"#),
    ]);
    let client = client(replay.clone());
    let mut pending = begin(&client);
    pending.exchange(&client, &code).await.unwrap_err();
    let mut pending = from_parts(&client, pending.into_secret_parts().unwrap());
    pending.exchange(&client, &code).await.unwrap_err();
    let stored = pending.into_secret_json().unwrap();
    let restored = PendingSignIn::from_secret_json(stored.expose()).unwrap();
    let parts = restored.into_secret_parts().unwrap();
    assert!(parts.doubtful);
    let error = from_parts(&client, parts).exchange(&client, &code).await.unwrap_err();
    assert_eq!(describe(&error), "OutcomeUnknown(RejectedLater) CodeInvalid");
    replay.verify();
}

#[test]
fn age_is_measured_by_the_wall_clock_of_a_client() {
    let timer = ManualTimer::new();
    let client = Client::builder().transport(Never::new()).timer(timer.clone()).build().unwrap();
    let pending = begin(&client);
    let begun_at = pending.begun_at();
    assert_eq!(begun_at.duration_since(UNIX_EPOCH).unwrap().subsec_nanos(), 0);
    let start = pending.age(client.system_time()).unwrap();
    assert!(start < Duration::from_secs(1), "{start:?}");
    timer.advance(Duration::from_secs(25 * 60));
    // The age survives a store, and another machine's clock may be behind.
    let stored = pending.into_secret_json().unwrap();
    let restored = PendingSignIn::from_secret_json(stored.expose()).unwrap();
    assert_eq!(
        (restored.begun_at(), restored.age(client.system_time())),
        (begun_at, Some(start + Duration::from_secs(25 * 60)))
    );
    let early = Client::builder().transport(Never::new()).timer(timer.clone()).build().unwrap();
    timer.advance(Duration::from_secs(60));
    let later = begin(&client);
    assert!(later.age(early.system_time()).is_some());
    let real = Client::builder().transport(Never::new()).without_deadline().build().unwrap();
    assert_eq!(later.age(real.system_time()), None, "it began in that client's future");
    let (_, headless) = client.authorize_headless().begin().unwrap();
    assert!(headless.age(client.system_time()).unwrap() < Duration::from_secs(1));
}

#[test]
fn error_for_an_invalid_stored_sign_in_omits_it() {
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
        &stored.replace("\"begun_at\":", "\"begun\":"),
        &stored.replace("\"begun_at\":", "\"begun_at\":-"),
        &stored.replace("\"begun_at\":", "\"begun_at\":9999999999"),
        &stored.replace("\"state\":\"", "\"state\":\"\\u0000"),
        &stored[..stored.len() - 1],
    ] {
        let error = PendingSignIn::from_secret_json(bad).unwrap_err();
        assert!(describe(&error).starts_with("Invalid("), "{bad}");
        canary::assert_hidden(&canary::everything(&error), &[canary::BODY]);
    }
}

#[tokio::test]
async fn concurrent_sign_ins_do_not_mix() {
    // L-24: each key belongs to its own verifier, whatever the order.
    let code = code();
    let client = client(Replay::new((0..2).map(|_| responds(200, GRANT))));
    let [mut first, mut second] = [(); 2].map(|()| begin(&client));
    let foreign = format!("{}?code=c0de", first.callback_url());
    second.read_callback(&foreign).unwrap_err();
    let (second, first) = tokio::join!(second.exchange(&client, &code), first.exchange(&client, &code));
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn deadline_spends_the_sign_in() {
    let code = code();
    let (never, timer) = (Never::new(), ManualTimer::new());
    let builder = Client::builder().transport(never.clone()).timer(timer.clone());
    let client = builder.build().unwrap();
    let mut pending = begin(&client);
    let deadline = Duration::from_secs(30);
    let clock = async {
        wait_until(|| timer.sleeping() == [deadline]).await;
        timer.advance(deadline);
    };
    let (exchanged, ()) = tokio::join!(pending.exchange(&client, &code), clock);
    assert_eq!(describe(&exchanged.unwrap_err()), "OutcomeUnknown(Timeout)");
    assert_eq!((never.sent(), never.dropped()), (1, 1));
    assert!(!pending.is_fresh());
}
