//! The code of `docs/testing.md`.

use axum::{Router, body::Body, http, response::Response};
use openrouter_oauth::{Client, transport_hyper::TokioTimer};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, Fault, User};
use tower::ServiceExt as _;

// Your function, which builds the routes of the application with a client of the test's choice.
use crate::support::application;

const ORIGIN: &str = "https://my.app";

/// A browser in front of the application, without the session of your user: add its cookie here.
struct Browser {
    application: Router,
    emulator: Emulator,
}

impl Browser {
    fn new() -> Self {
        let emulator = Emulator::new();
        let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).build().unwrap();
        Self { application: application(client), emulator }
    }

    /// Presses "Connect". Returns the URL at OpenRouter, and the cookie of the attempt.
    async fn begin(&self) -> (String, String) {
        let request = http::Request::post("/openrouter?return_to=/settings").header("origin", ORIGIN);
        let response = self.application.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        (header("location").to_owned(), header("set-cookie").split(';').next().unwrap().to_owned())
    }

    async fn open(&self, callback: &str, cookie: &str) -> Response {
        let path = callback.strip_prefix(ORIGIN).unwrap();
        let request = http::Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
        self.application.clone().oneshot(request).await.unwrap()
    }
}

#[tokio::test]
async fn user_connects() {
    let browser = Browser::new();
    let (url, cookie) = browser.begin().await;
    let user = User::new(browser.emulator.clone());
    let DecisionOutcome::Redirected(callback) = user.approve(&url, Some(5.0)).await.unwrap() else {
        panic!()
    };

    // OpenRouter is busy. Nothing is lost: a reload works.
    browser.emulator.inject(Fault::status(429).header("retry-after", "60").on("/auth/keys"));
    assert_eq!(browser.open(&callback, &cookie).await.status(), 503);
    assert_eq!(browser.open(&callback, &cookie).await.headers()["location"], "https://my.app/settings");
    assert_eq!(browser.emulator.keys()[0].label, "my app");
}

#[tokio::test]
async fn user_declines() {
    let browser = Browser::new();
    let (url, cookie) = browser.begin().await;
    let user = User::new(browser.emulator.clone());
    let DecisionOutcome::Redirected(callback) = user.deny(&url).await.unwrap() else { panic!() };
    // A redirect to the callback without its query, where the page is.
    assert_eq!(
        browser.open(&callback, &cookie).await.headers()["location"],
        callback.split('?').next().unwrap()
    );
    assert_eq!(browser.emulator.posts("/auth/keys"), 0);
}
