//! Tests of a random generator that fails.

use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{Method, StatusCode, header::SET_COOKIE};
use openrouter_oauth::{Client, Entropy, OsEntropy, Retry, transport::BoxError};
use openrouter_oauth_web::{BeginError, CookieKeys, Outcome};

use crate::support::{APP, App, Browser, KEY, TokioTimer};

/// A random generator that fails while its switch is on.
#[derive(Clone, Debug, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn fail(&self, fails: bool) {
        self.0.store(fails, Ordering::Relaxed);
    }
}

impl Entropy for Switch {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        if self.0.load(Ordering::Relaxed) {
            return Err("no random bytes".into());
        }
        OsEntropy::default().fill(bytes)
    }
}

fn app() -> (App, Switch) {
    let (mut app, switch) = (App::new(), Switch::default());
    let client =
        Client::builder().transport(app.emulator.clone()).timer(TokioTimer::new()).retry(Retry::none());
    app.client = client.entropy(switch.clone()).build().unwrap();
    app.sign_in = app.instance(APP, CookieKeys::new(KEY), |builder| builder);
    (app, switch)
}

#[tokio::test(start_paused = true)]
async fn sign_in_does_not_begin_without_random_bytes() {
    let (app, switch) = app();
    switch.fail(true);
    let response = app.sign_in.begin(&Browser::default().post("/openrouter", APP), "alice", None, b"");
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = response.extensions().get::<BeginError>().unwrap();
    assert!(matches!(error, BeginError::Client(_)) && error.source().is_some(), "{error:?}");
    assert!(!response.headers().contains_key(SET_COOKIE));
}

#[tokio::test(start_paused = true)]
async fn callback_without_random_bytes_claims_nothing() {
    let (app, switch) = app();
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    switch.fail(true);
    let parts = browser.request(Method::GET, &callback);
    let ending = app.sign_in.callback(&parts).finish("alice").await.unwrap_err();
    assert_eq!(*ending.outcome(), Outcome::TryAgain { retry_after: None });
    assert_eq!(ending.source().unwrap().to_string(), "no random bytes");
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
    switch.fail(false);
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn ending_without_random_bytes_is_shown_once() {
    let (app, switch) = app();
    let mut browser = Browser::default();
    let url = browser.begin(&app.sign_in, "alice", None, b"");
    let callback = app.deny(&url).await;
    switch.fail(true);
    let shown = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    assert_eq!((&*shown.outcome, shown.response.status()), ("Denied", StatusCode::OK));
    assert!(shown.response.body().contains("You declined"), "{shown:?}");
    assert!(!shown.response.headers().contains_key(SET_COOKIE));
}

#[tokio::test(start_paused = true)]
async fn finished_attempt_loses_its_cookie_without_random_bytes() {
    let (app, switch) = app();
    let mut browser = Browser::default();
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let parts = browser.request(Method::GET, &callback);
    let connected = app.sign_in.callback(&parts).finish("alice").await.unwrap();
    switch.fail(true);
    let done = connected.done().await;
    assert_eq!((done.status(), app.store.calls()), (StatusCode::SEE_OTHER, [1, 1, 0]));
    assert_eq!(browser.cookies.len(), 1);
    browser.receive(&done);
    assert_eq!(browser.cookies.len(), 0);
}
