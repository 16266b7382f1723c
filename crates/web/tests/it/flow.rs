//! Whole sign-ins.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{
    StatusCode,
    header::{RETRY_AFTER, SET_COOKIE},
};
use openrouter_oauth::{
    Client, Retry,
    transport::{ErrorKind, Transport as _, from_fn},
};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::CookieKeys;
use tokio::time::timeout;

use crate::support::{APP, App, Browser, KEY, MINUTE, TokioTimer, location, without_query};

#[tokio::test(start_paused = true)]
async fn sign_in_returns_a_key_and_the_data() {
    let (app, mut browser) = (App::new(), Browser::default());
    let url = browser.begin(&app.sign_in, "alice", Some("/settings?tab=keys"), b"\x00\xffdata");
    assert!(url.starts_with("https://openrouter.ai/auth?"));
    assert!(url.contains("callback_url=https%3A%2F%2Fmy.app%2Fopenrouter%2Fcallback%2F"), "{url}");
    assert!(url.contains("key_label=my+app"), "{url}");
    let callback = app.approve(&url).await;
    let finished = browser.open(&app.sign_in, &callback, "alice").await.unwrap();
    assert!(finished.key.expose().starts_with("sk-or-v1-"));
    assert_ne!(finished.user_id, "None");
    assert_eq!((&*finished.data, &*finished.return_to), (&b"\x00\xffdata"[..], "/settings?tab=keys"));
    assert_eq!(finished.response.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&finished.response), "https://my.app/settings?tab=keys");
    assert_eq!((app.exchanges(), app.store.calls()), (1, [1, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn five_tabs_come_back_and_a_sixth_ends_the_oldest() {
    // W-1: several rounds, because the order of the cookies is random.
    for _ in 0..10 {
        let (app, mut browser) = (App::new(), Browser::default());
        let mut callbacks = Vec::new();
        for tab in 0..6 {
            let url = browser.begin(&app.sign_in, "alice", Some(&format!("/{tab}")), b"");
            callbacks.push(app.approve(&url).await);
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        assert_eq!(browser.cookies.len(), 5);
        let shown = browser.open(&app.sign_in, &callbacks[0], "alice").await.unwrap_err();
        assert_eq!((&*shown.outcome, shown.response.status()), ("NotOurs", StatusCode::NOT_FOUND));
        assert!(shown.response.body().contains("Start again"));
        for tab in [3, 1, 5, 2, 4] {
            let finished = browser.open(&app.sign_in, &callbacks[tab], "alice").await.unwrap();
            assert_eq!(finished.return_to, format!("/{tab}"));
        }
        assert_eq!(app.exchanges(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn finished_attempts_go_before_open_ones() {
    let (app, mut browser) = (App::new(), Browser::default());
    let first = app.begin_and_approve(&mut browser, "alice").await;
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(2)).await;
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
    }
    browser.begin(&app.sign_in, "alice", None, b"");
    drop(browser.open(&app.sign_in, &first, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn unreachable_service_can_be_retried_by_a_reload() {
    let mut app = App::new();
    let (emulator, is_down) = (app.emulator.clone(), Arc::new(AtomicBool::new(true)));
    let switch = Arc::clone(&is_down);
    let transport = from_fn(move |request, limits| {
        let (emulator, is_down) = (emulator.clone(), switch.load(Ordering::Relaxed));
        async move { if is_down { Err(ErrorKind::Connect.into()) } else { emulator.send(request, limits).await } }
    });
    let client = Client::builder().transport(transport).timer(TokioTimer::new()).retry(Retry::none());
    app.client = client.build().unwrap();
    app.sign_in = app.instance(APP, CookieKeys::new(KEY), |builder| builder);
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, shown.has_error), ("TryAgain { retry_after: None }", true));
    assert_eq!((app.exchanges(), app.store.calls()), (0, [1, 0, 1]));
    is_down.store(false, Ordering::Relaxed);
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn finished_sign_in_is_not_exchanged_again() {
    // W-3
    let (app, mut browser) = (App::new(), Browser::default());
    let url = browser.begin(&app.sign_in, "alice", Some("/next"), b"");
    let callback = app.approve(&url).await;
    let before = browser.clone();
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
    // Back, with the new cookie: first to a URL without the code, then to the page.
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!(location(&shown.response), without_query(&callback));
    for _ in 0..2 {
        let shown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
        assert_eq!(shown.outcome, "AlreadyUsed");
        assert!(shown.response.body().contains("href=\"https://my.app/next\""), "{}", shown.response.body());
    }
    // With the old cookie, as in a second request that was sent before the first response arrived.
    let shown = before.clone().open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!(shown.outcome, "AlreadyUsed");
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test(start_paused = true)]
async fn parameters_of_a_proxy_do_not_redirect_again() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
    let path = without_query(&callback);
    for query in ["?", "?x=1", "?decode=1&x=code"] {
        let shown = browser.open(&app.sign_in, &format!("{path}{query}"), "alice").await.unwrap_err();
        assert_eq!(shown.response.status(), StatusCode::OK, "{query}");
    }
    for query in ["?x=1&code=c", "?state=s", "?error=e", "?error_description=d", "?%63ode=c"] {
        let shown = browser.open(&app.sign_in, &format!("{path}{query}"), "alice").await.unwrap_err();
        assert_eq!(location(&shown.response), path, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn denial_is_shown_without_a_claim() {
    // W-12
    let (app, mut browser) = (App::new(), Browser::default());
    let url = browser.begin(&app.sign_in, "alice", Some("/next"), b"");
    let callback = app.deny(&url).await;
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, location(&shown.response).as_str()), ("Denied", without_query(&callback)));
    assert!(shown.has_error);
    let shown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
    assert_eq!(shown.response.status(), StatusCode::OK);
    assert!(shown.response.body().contains("You declined"));
    assert!(shown.response.body().contains("/openrouter?return_to=%2Fnext"));
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn approval_after_25_minutes_still_works() {
    let (app, mut browser) = (App::new(), Browser::default());
    let url = browser.begin(&app.sign_in, "alice", None, b"");
    tokio::time::advance(25 * MINUTE).await;
    let callback = app.approve(&url).await;
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn expired_code_is_expired() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.emulator.advance(11 * MINUTE);
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.store.calls()), ("Expired", [1, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn rejected_code_ends_the_attempt() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let mut forged = callback.clone();
    let code = forged.find("code=").unwrap() + 5;
    forged.replace_range(code..code + 4, "0000");
    let shown = browser.open(&app.sign_in, &forged, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.store.calls()), ("Rejected", [1, 1, 0]));
    let shown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, shown.response.status()), ("Rejected", StatusCode::FORBIDDEN));
}

#[tokio::test(start_paused = true)]
async fn unavailable_service_can_be_retried_by_a_reload() {
    for (status, wait, expected) in [
        (503, Some(("retry-after", "7")), "7"),
        (429, Some(("retry-after-ms", "7600")), "8"),
        (429, None, "5"),
        (429, Some(("retry-after", "2")), "2"),
    ] {
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        let fault = Fault::status(status).on("/auth/keys");
        app.emulator.inject(match wait {
            Some((name, wait)) => fault.header(name, wait),
            None => fault,
        });
        let before = browser.cookies.clone();
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert_eq!(shown.response.status(), StatusCode::SERVICE_UNAVAILABLE, "{shown:?}");
        assert_eq!(shown.header(RETRY_AFTER), expected);
        assert_eq!((app.store.calls(), &browser.cookies), ([1, 0, 1], &before));
        drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
        assert_eq!(app.exchanges(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_outcome_is_unknown_and_names_the_label() {
    for fault in [
        Fault::drop_after_commit(),
        Fault::status(500),
        Fault::status(503),
        Fault::status(403).body("<html>"),
    ] {
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        let before = browser.clone();
        app.emulator.inject(fault.on("/auth/keys"));
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
        assert!(shown.has_error);
        let shown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
        assert!(shown.response.body().contains("<strong>my app</strong>"), "{shown:?}");
        // The claim is neither settled nor released, so nobody sees "finished", and nobody sends the code again.
        assert_eq!(app.store.calls(), [1, 0, 0]);
        tokio::time::advance(2 * MINUTE).await;
        let shown = before.clone().open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
        assert_eq!(app.exchanges(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn client_that_resends_codes_does_not_resend_those_of_a_sign_in() {
    for fault in [Fault::status(500), Fault::drop_after_commit()] {
        let mut app = App::new();
        let client = Client::builder().transport(app.emulator.clone()).timer(TokioTimer::new());
        app.client = client.retry(Retry::default().dangerously_resend_unknown()).build().unwrap();
        app.sign_in = app.instance(APP, CookieKeys::new(KEY), |builder| builder);
        let mut browser = Browser::default();
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.emulator.inject(fault.on("/auth/keys"));
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
        assert_eq!(app.exchanges(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn client_without_a_deadline_does_not_keep_its_permit_forever() {
    let mut app = App::new();
    let (emulator, is_silent) = (app.emulator.clone(), Arc::new(AtomicBool::new(true)));
    let switch = Arc::clone(&is_silent);
    let transport = from_fn(move |request, limits| {
        let (emulator, is_silent) = (emulator.clone(), switch.load(Ordering::Relaxed));
        async move { if is_silent { pending().await } else { emulator.send(request, limits).await } }
    });
    let client = Client::builder().transport(transport).timer(TokioTimer::new()).retry(Retry::none());
    app.client = client.without_deadline().build().unwrap();
    app.sign_in = app.instance(APP, CookieKeys::new(KEY), |builder| builder.max_exchanges(1));
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let ended = timeout(11 * MINUTE, browser.open(&app.sign_in, &callback, "alice")).await;
    let shown = ended.unwrap().unwrap_err();
    assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
    assert_eq!(app.store.calls(), [1, 0, 0], "the outcome stays unknown");
    is_silent.store(false, Ordering::Relaxed);
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn sign_in_works_on_http_loopback() {
    let origin = "http://localhost:3000";
    let (app, mut browser) = (App::with(origin, CookieKeys::new(KEY), |builder| builder), Browser::default());
    let begun = app.sign_in.begin(&browser.post("/openrouter", origin), "alice", None, b"");
    browser.receive(&begun);
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("openrouter-") && !cookie.contains("Secure"), "{cookie}");
    let callback = app.approve(&location(&begun)).await;
    let path = callback.strip_prefix(origin).unwrap();
    let finished = browser.open(&app.sign_in, path, "alice").await.unwrap();
    assert_eq!(location(&finished.response), "http://localhost:3000/");
}
