//! The handler of the callback, its extractors, and its task.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Result},
    routing::get,
};
use http::{StatusCode, request::Parts};
use openrouter_oauth::transport::block_on;
use openrouter_oauth_axum::{Callback, NotConnected, Outcome, SignInRouter};
use openrouter_oauth_emulator::{Emulator, Fault};
use tokio::time::{sleep, timeout};

use crate::support::{Browser, LocalUser, connected, sign_in};

#[tokio::test]
async fn rejecting_extractor_sends_nothing() {
    struct Rejecting;
    impl<S: Sync> FromRequestParts<S> for Rejecting {
        type Rejection = (StatusCode, &'static str);

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
            let is_allowed = parts.headers.contains_key("allowed");
            if is_allowed { Ok(Self) } else { Err((StatusCode::IM_A_TEAPOT, "rejected")) }
        }
    }
    async fn handler(user: LocalUser, _: Rejecting, callback: Callback) -> Result<impl IntoResponse> {
        Ok(callback.finish(&user).await?.done().await)
    }
    let (emulator, mut browser) = (Emulator::new(), Browser::default());
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    let page = browser.get(&routes, &callback).await;
    assert_eq!((page.status, &*page.body), (StatusCode::IM_A_TEAPOT, "rejected"));
    assert_eq!(page.header("set-cookie"), "", "the attempt continues");
    page.assert_hardened();
    assert_eq!(emulator.posts("/auth/keys"), 0);
    let mut request = browser.request(http::Method::GET, &callback);
    request.headers_mut().insert("allowed", "1".parse().unwrap());
    assert_eq!(crate::support::call(&routes, request).await.status, StatusCode::SEE_OTHER);
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn error_of_the_handler_is_hardened() {
    async fn handler(user: LocalUser, callback: Callback) -> Result<http::Response<String>> {
        let connected = callback.finish(&user).await?;
        assert!(!connected.key().expose().is_empty());
        Err((StatusCode::INTERNAL_SERVER_ERROR, [("cache-control", "public")], "the database is down"))?
    }
    let (emulator, mut browser) = (Emulator::new(), Browser::default());
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    let page = browser.get(&routes, &callback).await;
    assert_eq!((page.status.as_u16(), &*page.body), (500, "the database is down"));
    page.assert_hardened();
}

#[tokio::test]
async fn ending_is_a_response_and_has_a_reason() {
    async fn handler(
        State(seen): State<Arc<AtomicUsize>>,
        user: LocalUser,
        callback: Callback,
    ) -> Result<http::Response<String>, NotConnected> {
        let finished = callback.finish(&user).await;
        let ended = finished.inspect_err(|end| {
            assert_eq!(end.outcome(), &Outcome::TryAgain { retry_after: Some(Duration::from_secs(9)) });
            assert!(end.error().is_some());
            assert_eq!(end.to_string(), end.outcome().to_string());
            assert!(format!("{end:?}").contains("TryAgain"));
            seen.fetch_add(1, Ordering::Relaxed);
        })?;
        Ok(ended.done().await)
    }
    let (emulator, mut browser, seen) = (Emulator::new(), Browser::default(), Arc::default());
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler));
    let routes = routes.with_state(Arc::clone(&seen));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    emulator.inject(Fault::status(503).header("Retry-After", "9"));
    let page = browser.get(&routes, &callback).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (503, "9"));
    assert!(page.body.contains("Please try again"), "{page:?}");
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn handler_completes_without_its_browser() {
    async fn handler(
        State(stored): State<Arc<AtomicUsize>>,
        user: LocalUser,
        callback: Callback,
    ) -> Result<http::Response<String>, NotConnected> {
        let connected = callback.finish(&user).await?;
        sleep(Duration::from_millis(50)).await;
        stored.fetch_add(connected.key().expose().len(), Ordering::Relaxed);
        Ok(connected.done().await)
    }
    let (emulator, mut browser, stored) = (Emulator::new(), Browser::default(), Arc::default());
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler));
    let routes = routes.with_state(Arc::clone(&stored));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    emulator.inject(Fault::delay(Duration::from_millis(100)));
    timeout(Duration::from_millis(20), browser.get(&routes, &callback)).await.unwrap_err();
    let is_stored = async {
        while stored.load(Ordering::Relaxed) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), is_stored).await.unwrap();
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn panic_of_the_handler_reaches_the_server() {
    async fn handler(callback: Callback) -> StatusCode {
        drop(callback);
        panic!("a bug of the application")
    }
    let (emulator, mut browser) = (Emulator::new(), Browser::default());
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    let request = tokio::spawn(async move { browser.get(&routes, &callback).await });
    let panic = request.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"a bug of the application"));
}

#[test]
fn callback_of_a_runtime_that_has_ended_is_503() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _entered = handle.enter();
    let routes =
        Router::new().merge(sign_in(&Emulator::new(), "/openrouter").router::<LocalUser, _, _>(connected));
    let callback = format!("/openrouter/callback/{}", "a".repeat(22));
    let page = block_on(Browser::default().get(&routes, &callback));
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.assert_hardened();
}

#[tokio::test]
async fn extensions_of_a_layer_reach_the_handler() {
    async fn handler(
        Extension(tenant): Extension<&'static str>,
        user: LocalUser,
        callback: Callback,
    ) -> Result<http::Response<String>, NotConnected> {
        assert_eq!(tenant, "tenant");
        Ok(callback.finish(&user).await?.done().await)
    }
    let (emulator, mut browser) = (Emulator::new(), Browser::default());
    let routes = sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(handler);
    let routes = Router::new().merge(routes).layer(Extension("tenant"));
    let callback = browser.begin(&routes, &emulator, "/openrouter").await;
    assert_eq!(browser.get(&routes, &callback).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn callback_elsewhere_is_an_error_of_the_application() {
    // An extension of the application does not make a handler that of the router.
    let layer = Extension(sign_in(&Emulator::new(), "/openrouter"));
    let routes = Router::new().route("/elsewhere", get(connected));
    for routes in [routes.clone(), routes.layer(layer)] {
        let page = Browser::default().get(&routes, "/elsewhere").await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
