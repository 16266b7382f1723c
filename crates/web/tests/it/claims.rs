//! Tests of the claim: each attempt is exchanged once.

use std::time::Duration;

use http::{Method, StatusCode};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::{CookieKeys, Ending, Outcome};
use tokio::time::timeout;

use crate::support::{APP, App, Browser, KEY, MINUTE, StoreFault};

#[tokio::test(start_paused = true)]
async fn ten_callbacks_on_three_instances_exchange_once() {
    // W-3, W-13
    let (app, mut browser) = (App::new(), Browser::default());
    let instances = [(); 3].map(|()| app.instance(APP, CookieKeys::new(KEY), |builder| builder));
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.emulator.inject(Fault::delay(Duration::from_secs(3)).on("/auth/keys"));
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let parts = browser.request(Method::GET, &callback);
            let finish = instances[number % 3].callback(&parts).finish("alice");
            tokio::spawn(async move {
                let connected = finish.await?;
                // The application stores the key.
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, Ending>(connected.done().await)
            })
        })
        .collect();
    let mut connected = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => connected += 1,
            Err(ending) => assert_eq!(*ending.outcome(), Outcome::AlreadyUsed),
        }
    }
    assert_eq!((connected, app.exchanges()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn key_that_was_not_stored_is_unknown() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let parts = browser.request(Method::GET, &callback);
    // The database of the application is down, or the process dies.
    drop(app.sign_in.callback(&parts).finish("alice").await.unwrap());
    assert_eq!(app.store.calls(), [1, 0, 0]);
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert!(shown.outcome.starts_with("StillRunning"), "{shown:?}");
    tokio::time::advance(MINUTE).await;
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
    assert!(shown.response.body().contains("<strong>my app</strong>"), "{shown:?}");
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test(start_paused = true)]
async fn key_arrives_if_the_store_cannot_settle() {
    for fault in [StoreFault::Down, StoreFault::Hangs] {
        let (app, browser) = (App::new(), &mut Browser::default());
        let callback = app.begin_and_approve(browser, "alice").await;
        app.store.fail_settle(fault);
        let start = tokio::time::Instant::now();
        let parts = browser.request(Method::GET, &callback);
        let connected = app.sign_in.callback(&parts).finish("alice").await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "the key is there before the sign-in is settled");
        let done = timeout(Duration::from_secs(6), connected.done()).await.unwrap();
        assert_eq!(done.status(), StatusCode::SEE_OTHER, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn store_that_does_not_release_leaves_an_unknown_outcome() {
    for fault in [StoreFault::Down, StoreFault::Hangs] {
        // The store records the claim, and is then gone, also for the release.
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.store.inject([StoreFault::LostResponse, StoreFault::Down]);
        app.store.fail_release(fault);
        let opened = timeout(Duration::from_secs(6), browser.open(&app.sign_in, &callback, "alice")).await;
        let shown = opened.unwrap().unwrap_err();
        assert!(shown.outcome.starts_with("TryAgain"), "{fault:?}: {shown:?}");
        tokio::time::advance(2 * MINUTE).await;
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
        assert_eq!(app.exchanges(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn claim_outlives_its_attempt_on_every_clock() {
    // The clock of another instance is a minute behind, so there the attempt lives for a minute more.
    let app = App::new();
    let client = app.client.clone();
    let behind = app
        .instance(APP, CookieKeys::new(KEY), |builder| builder.clock(move || client.system_time() - MINUTE));
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let mut before = browser.clone();
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
    tokio::time::advance(60 * MINUTE + Duration::from_secs(58)).await;
    let shown = before.open(&behind, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.exchanges()), ("AlreadyUsed", 1));
}

#[tokio::test(start_paused = true)]
async fn store_that_is_down_sends_nothing() {
    // W-14
    for faults in
        [[StoreFault::Down; 2], [StoreFault::Hangs; 2], [StoreFault::LostResponse, StoreFault::Down]]
    {
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.store.inject(faults);
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert_eq!(shown.response.status(), StatusCode::SERVICE_UNAVAILABLE, "{faults:?}");
        assert!(shown.has_error, "the error of the store is for the log");
        assert_eq!((app.exchanges(), app.store.calls()), (0, [2, 0, 1]), "{faults:?}");
        // The store is back, and the claim that it may have recorded is gone.
        drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
        assert_eq!(app.exchanges(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_the_store_does_not_lose_the_claim() {
    for fault in [StoreFault::LostResponse, StoreFault::Down, StoreFault::Hangs] {
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.store.inject([fault]);
        drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
        assert_eq!((app.exchanges(), app.store.calls()), (1, [2, 1, 0]), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_limited_before_the_claim() {
    let app = App::with(APP, CookieKeys::new(KEY), |builder| builder.max_exchanges(2));
    let mut browsers = [(); 3].map(|()| Browser::default());
    let mut callbacks = Vec::new();
    for browser in &mut browsers {
        callbacks.push(app.begin_and_approve(browser, "alice").await);
    }
    let open = |index: usize| {
        let parts = browsers[index].request(Method::GET, &callbacks[index]);
        tokio::spawn(app.sign_in.callback(&parts).finish("alice"))
    };
    for _ in 0..2 {
        app.emulator.inject(Fault::delay(Duration::from_secs(3)).on("/auth/keys"));
    }
    let running = [open(0), open(1)];
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ending = open(2).await.unwrap().unwrap_err();
    assert_eq!(*ending.outcome(), Outcome::TryAgain { retry_after: None });
    assert_eq!(app.store.calls()[0], 2);
    for task in running {
        drop(task.await.unwrap().unwrap());
    }
    drop(open(2).await.unwrap().unwrap());
}
