//! Tests of what a sign-in is bound to: the user, the browser, and the application.

use http::header::LOCATION;
use openrouter_oauth::Client;
use openrouter_oauth_web::{CookieKeys, SignIn};

use crate::support::{APP, App, Browser, KEY, TokioTimer, key};

#[tokio::test(start_paused = true)]
async fn another_user_sends_nothing() {
    // W-1: switched user, signed-out session.
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    for other in ["bob", "session-91", "alic", "alicea", "ALICE", ""] {
        let shown = browser.open(&app.sign_in, &callback, other).await.unwrap_err();
        assert_eq!((&*shown.outcome, shown.response.status().as_u16()), ("NotOurs", 404), "{other}");
    }
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn another_browser_sends_nothing() {
    // W-2, A14
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let mut other = Browser::default();
    for _ in 0..2 {
        let shown = other.open(&app.sign_in, &callback, "alice").await.unwrap_err();
        assert_eq!((&*shown.outcome, app.exchanges()), ("NotOurs", 0));
        // Not even with an attempt of its own.
        other.begin(&app.sign_in, "alice", None, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn code_of_one_tab_does_not_finish_another() {
    // W-1
    let (app, mut browser) = (App::new(), Browser::default());
    let [first, second] = [
        app.begin_and_approve(&mut browser, "alice").await,
        app.begin_and_approve(&mut browser, "alice").await,
    ];
    let (path, query) = (first.split_once('?').unwrap().0, second.split_once('?').unwrap().1);
    let shown = browser.open(&app.sign_in, &format!("{path}?{query}"), "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.exchanges()), ("NotOurs", 0));
    drop(browser.open(&app.sign_in, &first, "alice").await.unwrap());
    drop(browser.open(&app.sign_in, &second, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn injected_approval_gives_the_attacker_nothing_of_the_victim() {
    // A14: the attacker takes the challenge of their own attempt, has a victim approve it for the attacker's callback, and
    // brings the code into their own attempt.
    let (app, mut attacker) = (App::new(), Browser::default());
    let url = attacker.begin(&app.sign_in, "mallory", None, b"");
    let query = url.split_once('?').unwrap().1;
    let callback_url = query.split('&').find(|pair| pair.starts_with("callback_url=")).unwrap();
    let phishing = url.replace(callback_url, "callback_url=https%3A%2F%2Fevil.example%2Fcallback");
    let stolen = app.approve(&phishing).await;
    let code = stolen.split_once("code=").unwrap().1;
    let own = callback_url.trim_start_matches("callback_url=").replace("%3A", ":").replace("%2F", "/");
    let finished = attacker.open(&app.sign_in, &format!("{own}?code={code}"), "mallory").await.unwrap();
    // PKCE passes. The key belongs to the attacker's own user, and the victim's ID cannot be compared by accident.
    assert!(finished.user_id.starts_with("Some(Unverified("), "{}", finished.user_id);
    // The victim's browser and the victim's user cannot be made to finish it.
    let shown =
        Browser::default().open(&app.sign_in, &format!("{own}?code={code}"), "victim").await.unwrap_err();
    assert_eq!(shown.outcome, "NotOurs");
    let shown = attacker.open(&app.sign_in, &format!("{own}?code={code}"), "victim").await.unwrap_err();
    assert!(shown.response.headers().contains_key(LOCATION), "it already ended");
    assert_eq!(app.exchanges(), 1);
}

/// Finishes a sign-in of `app` at another instance, with the name that the cookie has there.
async fn finish_at(app: &App, other: &SignIn, origin: &str) -> String {
    let (mut browser, mut there) = (Browser::default(), Browser::default());
    there.receive(&other.begin(&browser.post("/openrouter", origin), "alice", None, b""));
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let (name, value) = browser.cookies.pop_first().unwrap();
    browser.cookies.insert([&there.prefix(), &name[name.len() - 22..]].concat(), value);
    match browser.open(other, &callback, "alice").await {
        Ok(_) => "connected".into(),
        Err(shown) => shown.outcome,
    }
}

#[tokio::test(start_paused = true)]
async fn cookie_of_another_application_does_not_open() {
    // W-5
    let app = App::new();
    let keys = || CookieKeys::new(KEY);
    let other_service = Client::builder()
        .transport(app.emulator.clone())
        .timer(TokioTimer::new())
        .base_url("https://other.example/api/v1")
        .build()
        .unwrap();
    for (case, other) in [
        ("origin", app.instance("https://other.app", keys(), |builder| builder)),
        ("mount", app.instance(APP, keys(), |builder| builder.mount("/other"))),
        ("key", app.instance(APP, CookieKeys::new(key(2)), |builder| builder)),
        ("service", SignIn::builder(other_service, APP, keys(), app.store.clone()).build().unwrap()),
    ] {
        let origin = if case == "origin" { "https://other.app" } else { APP };
        assert_eq!(finish_at(&app, &other, origin).await, "NotOurs", "{case}");
    }
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
    assert_eq!(finish_at(&app, &app.instance(APP, keys(), |builder| builder), APP).await, "connected");
}

#[tokio::test(start_paused = true)]
async fn cookies_of_two_attempts_cannot_be_swapped() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    app.begin_and_approve(&mut browser, "alice").await;
    let names: Vec<_> = browser.cookies.keys().cloned().collect();
    let values: Vec<_> = browser.cookies.values().cloned().collect();
    browser.cookies.insert(names[0].clone(), values[1].clone());
    browser.cookies.insert(names[1].clone(), values[0].clone());
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.exchanges()), ("NotOurs", 0));
}

#[tokio::test(start_paused = true)]
async fn keys_rotate_in_two_steps() {
    let app = App::new();
    let old = app.instance(APP, CookieKeys::new(KEY).open_with(key(2)), |builder| builder);
    let new = app.instance(APP, CookieKeys::new(key(2)).open_with(KEY), |builder| builder);
    let done = app.instance(APP, CookieKeys::new(key(2)), |builder| builder);
    for (begins, finishes, expected) in [
        (&old, &new, "connected"),
        (&new, &old, "connected"),
        (&app.sign_in, &new, "connected"),
        (&new, &done, "connected"),
        (&app.sign_in, &done, "NotOurs"),
    ] {
        let mut browser = Browser::default();
        let url = browser.begin(begins, "alice", None, b"");
        let callback = app.approve(&url).await;
        let outcome = browser.open(finishes, &callback, "alice").await;
        assert_eq!(outcome.map_or_else(|shown| shown.outcome, |_| "connected".into()), expected);
    }
}
