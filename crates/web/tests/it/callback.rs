//! Tests of the order of the checks: each step leaves the later ones untouched.

use std::time::Duration;

use http::{
    Method, StatusCode,
    header::{ALLOW, COOKIE, SET_COOKIE},
};
use openrouter_oauth_web::{CookieKeys, Outcome};

use crate::support::{APP, App, Browser, KEY, MINUTE, without_query};

/// Checks that nothing was claimed or sent, and that the sign-in still works.
async fn check_untouched(app: &App, browser: &mut Browser, callback: &str) {
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
    drop(browser.open(&app.sign_in, callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_405() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    for method in [Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT] {
        let ending =
            app.sign_in.callback(&browser.request(method, &callback)).finish("alice").await.unwrap_err();
        assert_eq!(*ending.outcome(), Outcome::WrongMethod);
        let response = ending.into_response();
        assert_eq!(
            (response.status(), &response.headers()[ALLOW]),
            (StatusCode::METHOD_NOT_ALLOWED, &"GET".parse().unwrap())
        );
        assert!(!response.headers().contains_key(SET_COOKIE));
    }
    check_untouched(&app, &mut browser, &callback).await;
}

#[tokio::test(start_paused = true)]
async fn prefetched_callback_waits_for_the_user() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "Prefetch"),
    ] {
        let mut parts = browser.request(Method::GET, &callback);
        parts.headers.insert(name, value.parse().unwrap());
        let ending = app.sign_in.callback(&parts).finish("alice").await.unwrap_err();
        assert_eq!(*ending.outcome(), Outcome::Prefetch, "{name}: {value}");
        let response = ending.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!response.headers().contains_key(SET_COOKIE));
        // The check comes before the cookie.
        parts.headers.remove(COOKIE);
        let ending = app.sign_in.callback(&parts).finish("alice").await.unwrap_err();
        assert_eq!(*ending.outcome(), Outcome::Prefetch, "{name}: {value}");
    }
    check_untouched(&app, &mut browser, &callback).await;
}

#[tokio::test(start_paused = true)]
async fn old_attempt_is_expired_whatever_its_query() {
    let (app, mut browser) = (App::new(), Browser::default());
    let url = browser.begin(&app.sign_in, "alice", None, b"");
    let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(state.len(), 22);
    let callback = app.approve(&url).await;
    tokio::time::advance(61 * MINUTE).await;
    let path = without_query(&callback);
    for query in ["?code=c&state=wrong", "?code=", &format!("?error=access_denied&state={state}"), ""] {
        let mut browser = browser.clone();
        let shown = browser.open(&app.sign_in, &format!("{path}{query}"), "alice").await.unwrap_err();
        assert_eq!((&*shown.outcome, shown.has_error), ("Expired", false), "{query}");
    }
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn duplicate_cookie_is_refused() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let (name, value) = browser.cookies.first_key_value().unwrap();
    for cookie in [
        format!("{name}={value}; {name}={value}"),
        format!("{name}=x; {name}={value}"),
        format!("{name}={value};\t{name} =x"),
    ] {
        let mut parts = browser.request(Method::GET, &callback);
        parts.headers.insert(COOKIE, cookie.parse().unwrap());
        let ending = app.sign_in.callback(&parts).finish("alice").await.unwrap_err();
        assert_eq!(*ending.outcome(), Outcome::NotOurs, "{cookie}");
    }
    // A cookie without a name is none of ours, and HTTP/2 splits the header.
    let mut parts = browser.request(Method::GET, &callback);
    parts.headers.insert(COOKIE, format!("={name}=x").parse().unwrap());
    parts.headers.append(COOKIE, format!("a=b; {name}={value}").parse().unwrap());
    drop(app.sign_in.callback(&parts).finish("alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn attempt_lives_for_its_lifetime() {
    for (minutes, connects) in [(9, true), (10, true), (11, false)] {
        let app = App::with(APP, CookieKeys::new(KEY), |builder| builder.lifetime(10 * MINUTE));
        let mut browser = Browser::default();
        let url = browser.begin(&app.sign_in, "alice", None, b"");
        tokio::time::advance(Duration::from_secs(minutes * 60 - 2)).await;
        let callback = app.approve(&url).await;
        match browser.open(&app.sign_in, &callback, "alice").await {
            Ok(_) => assert!(connects, "{minutes}"),
            Err(shown) => {
                assert_eq!((&*shown.outcome, connects), ("Expired", false));
                assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
                let shown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
                assert_eq!(shown.response.status(), StatusCode::GONE);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_may_differ_by_a_minute() {
    for (behind, connects) in [(60, true), (63, false)] {
        let app = App::new();
        let client = app.client.clone();
        let late = app.instance(APP, CookieKeys::new(KEY), |builder| {
            builder.clock(move || client.system_time() - Duration::from_secs(behind))
        });
        let mut browser = Browser::default();
        let callback = app.begin_and_approve(&mut browser, "alice").await;
        let outcome = browser.open(&late, &callback, "alice").await;
        let outcome = outcome.map_or_else(|shown| shown.outcome, |_| "connected".into());
        assert_eq!(outcome, if connects { "connected" } else { "Expired" }, "{behind} s");
        assert_eq!(app.exchanges(), usize::from(connects));
    }
}

#[tokio::test(start_paused = true)]
async fn unreadable_query_leaves_the_attempt() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let path = without_query(&callback);
    for query in [
        "",
        "?",
        "?code=",
        "?code=c&state=wrong",
        "?error=access_denied&state=wrong",
        "?code=c&code=d",
        "?code=%",
        "?code=c&error=access_denied",
        &format!("?code={}", "c".repeat(9000)),
    ] {
        let cookies = browser.cookies.clone();
        let shown = browser.open(&app.sign_in, &format!("{path}{query}"), "alice").await.unwrap_err();
        assert_eq!((&*shown.outcome, shown.has_error), ("NotOurs", true), "{query}");
        assert_eq!(browser.cookies, cookies);
    }
    check_untouched(&app, &mut browser, &callback).await;
}

#[tokio::test(start_paused = true)]
async fn unfinished_callback_sends_nothing() {
    // An extractor of the application rejects the request.
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    drop(app.sign_in.callback(&browser.request(Method::GET, &callback)));
    drop(app.sign_in.callback(&browser.request(Method::GET, &callback)).finish("alice"));
    check_untouched(&app, &mut browser, &callback).await;
}

#[tokio::test(start_paused = true)]
async fn only_the_end_of_the_path_counts() {
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let (path, query) = callback.strip_prefix(APP).unwrap().split_once('?').unwrap();
    let id = path.rsplit('/').next().unwrap();
    drop(browser.open(&app.sign_in, &format!("/callback/{id}?{query}"), "alice").await.unwrap());
}
