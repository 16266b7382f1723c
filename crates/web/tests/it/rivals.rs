//! Tests of two calls for one attempt: one holds the claim, and the other waits for it.

use std::{collections::BTreeMap, time::Duration};

use http::{
    Method,
    header::{RETRY_AFTER, SET_COOKIE},
};
use openrouter_oauth::{Client, Retry};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::{CookieKeys, SignIn};

use crate::support::{APP, App, Browser, KEY, MINUTE, StoreFault, TokioTimer};

#[tokio::test(start_paused = true)]
async fn dead_instance_leaves_an_unknown_outcome() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let before = browser.clone();
    // The first instance dies in the middle of the exchange.
    app.emulator.inject(Fault::delay(MINUTE).on("/auth/keys"));
    let dying = tokio::spawn(app.sign_in.callback(&browser.request(Method::GET, &callback)).finish("alice"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    dying.abort();
    assert_eq!(app.exchanges(), 1);
    // At first, it might still be running.
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert!(shown.outcome.starts_with("StillRunning"), "{shown:?}");
    tokio::time::advance(MINUTE).await;
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!(shown.outcome, "OutcomeUnknown { key_label: Some(KeyLabel(\"my app\")) }");
    // Nobody sends the code again, until the attempt is too old.
    for _ in 0..70 {
        tokio::time::advance(MINUTE).await;
        let shown = before.clone().open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(!shown.outcome.starts_with("AlreadyUsed"), "{shown:?}");
    }
    assert_eq!(app.exchanges(), 1);
}

#[tokio::test(start_paused = true)]
async fn old_claim_of_another_instance_is_unknown_at_once() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.store.inject([StoreFault::Orphan(10 * MINUTE)]);
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert!(shown.outcome.starts_with("OutcomeUnknown"), "{shown:?}");
    assert_eq!((app.exchanges(), app.store.calls()), (0, [1, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn waiting_callback_does_not_retry_for_the_other() {
    // The first exchange gets a 503, and tells its user to try again. The second must not add load.
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.store.inject([StoreFault::Orphan(Duration::from_secs(1))]);
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert!(shown.outcome.starts_with("TryAgain"), "{shown:?}");
    assert_eq!((app.exchanges(), app.store.calls()), (0, [2, 0, 1]));
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn waiting_callbacks_take_no_place() {
    let app = App::with(APP, CookieKeys::new(KEY), |builder| builder.max_exchanges(1));
    let (mut first, mut second) = (Browser::default(), Browser::default());
    let waiting = app.begin_and_approve(&mut first, "alice").await;
    let other = app.begin_and_approve(&mut second, "bob").await;
    app.store.inject([StoreFault::Orphan(Duration::ZERO); 100]);
    let waits = tokio::spawn(app.sign_in.callback(&first.request(Method::GET, &waiting)).finish("alice"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.store.inject([]);
    drop(second.open(&app.sign_in, &other, "bob").await.unwrap());
    waits.abort();
}

#[tokio::test(start_paused = true)]
async fn double_click_on_an_expired_code_does_not_show_a_success() {
    for both_pages in [false, true] {
        let (app, mut browser) = (App::new(), Browser::default());
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.emulator.advance(11 * MINUTE);
        app.emulator.inject(Fault::delay(Duration::from_secs(1)).on("/auth/keys"));
        let open =
            || tokio::spawn(app.sign_in.callback(&browser.request(Method::GET, &callback)).finish("alice"));
        let first = open();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let second = open();
        let first = first.await.unwrap().unwrap_err();
        assert_eq!(format!("{:?}", first.outcome()), "Expired");
        let second = second.await.unwrap().unwrap_err();
        assert_eq!(format!("{:?}", second.outcome()), "AlreadyUsed");
        let second = second.into_response();
        assert!(!second.headers().contains_key(SET_COOKIE), "the cookie belongs to the first call");
        for text in ["If you are not connected, start again.", ">Continue</a>", ">Start again</a>"] {
            assert!(second.body().contains(text), "{}", second.body());
        }
        // A browser that was clicked twice may drop the first response.
        if both_pages {
            browser.receive(&first.into_response());
        }
        browser.receive(&second);
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert_eq!(shown.outcome, if both_pages { "Expired" } else { "AlreadyUsed" });
    }
}

#[tokio::test(start_paused = true)]
async fn running_exchange_is_not_unknown() {
    let app = App::new();
    let timeout = app.client.timeout().unwrap();
    // A claim may be older than its exchange: two calls to claim, storing the key, settling, and measuring the age.
    // A user need not wait for as long as the exchange may take.
    let [young, old, too_old] = [0, 39, 40].map(Duration::from_secs);
    for (age, expected, retry_after) in [
        (young, "StillRunning", "5"),
        (timeout + old, "StillRunning", "1"),
        (timeout + too_old, "OutcomeUnknown", ""),
    ] {
        let mut browser = Browser::default();
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.store.inject([StoreFault::Orphan(age); 20]);
        let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with(expected), "{age:?}: {shown:?}");
        assert_eq!(shown.header(RETRY_AFTER), retry_after);
        assert!(!shown.response.headers().contains_key(SET_COOKIE));
    }
}

#[tokio::test(start_paused = true)]
async fn exchange_without_a_deadline_may_take_ten_minutes() {
    let app = App::new();
    let client =
        Client::builder().transport(app.emulator.clone()).timer(TokioTimer::new()).retry(Retry::none());
    let client = client.without_deadline().build().unwrap();
    let sign_in = SignIn::builder(client, APP, CookieKeys::new(KEY), app.store.clone()).build().unwrap();
    for (age, expected) in [(10 * MINUTE, "StillRunning"), (11 * MINUTE, "OutcomeUnknown")] {
        let mut browser = Browser::default();
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        app.store.inject([StoreFault::Orphan(age); 20]);
        let shown = browser.open(&sign_in, &callback, "alice").await.unwrap_err();
        assert!(shown.outcome.starts_with(expected), "{age:?}: {shown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_callbacks_are_limited() {
    let app = App::with(APP, CookieKeys::new(KEY), |builder| builder.max_exchanges(2));
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.emulator.inject(Fault::delay(MINUTE).on("/auth/keys"));
    let open =
        || tokio::spawn(app.sign_in.callback(&browser.request(Method::GET, &callback)).finish("alice"));
    let running = open();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = app.store.calls()[0];
    let start = tokio::time::Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..50 {
        tasks.push(open());
        tokio::task::yield_now().await;
    }
    let mut waited = BTreeMap::new();
    for task in tasks {
        let ending = task.await.unwrap().unwrap_err();
        assert!(format!("{:?}", ending.outcome()).starts_with("StillRunning"), "{ending:?}");
        *waited.entry(start.elapsed().as_secs()).or_insert(0) += 1;
    }
    // Each call looks once. Two of them wait, with pauses that grow to 2 s.
    let looks = app.store.calls()[0] - before;
    assert!((60..=70).contains(&looks), "{looks}: {waited:?}");
    running.abort();
}
