//! Where the routes are, and the headers of every response.

use axum::{Router, body::Body, extract::State, http::Uri, middleware::map_response, routing::get};
use http::{Method, StatusCode, header::ORIGIN};
use openrouter_oauth_axum::{BeginError, Callback, NotConnected, SignIn, SignInRouter};
use openrouter_oauth_emulator::Emulator;

use crate::support::{APP, Browser, LocalUser, call, connected, sign_in};

/// Signs in at `mount`, which `routes` serves without the first part of the path that a proxy strips.
async fn assert_signs_in(mount: &str, stripped: &str, routes: impl FnOnce(&SignIn) -> Router) {
    let emulator = Emulator::new();
    let sign_in = sign_in(&emulator, mount);
    let (routes, mut browser) = (routes(&sign_in), Browser::default());
    let seen = |url: &str| url.strip_prefix(APP).unwrap_or(url).strip_prefix(stripped).unwrap().to_owned();
    let button = browser.get(&routes, &seen(mount)).await;
    assert_eq!(button.status, StatusCode::OK);
    button.assert_hardened();
    let callback = browser.begin(&routes, &emulator, &seen(&format!("{mount}?return_to=/next"))).await;
    assert!(callback.starts_with(&format!("{APP}{mount}/callback/")), "{callback}");
    let page = browser.get(&routes, &seen(&callback)).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "https://my.app/next"));
    page.assert_hardened();
    assert_eq!(emulator.posts("/auth/keys"), 1);
}

#[tokio::test]
async fn merged_routes_sign_in() {
    assert_signs_in("/openrouter", "", |sign_in| {
        Router::new()
            .route("/", get(|| async { "home" }))
            .route("/{page}", get(|| async { "page" }))
            .merge(sign_in.router::<LocalUser, _, _>(connected))
            .fallback(|| async { StatusCode::NOT_FOUND })
    })
    .await;
}

#[tokio::test]
async fn nested_routes_sign_in() {
    assert_signs_in("/openrouter", "", |sign_in| {
        Router::new().nest("/openrouter", sign_in.nested_router::<LocalUser, _, _>(connected))
    })
    .await;
    assert_signs_in("/a/b/openrouter", "", |sign_in| {
        let inner = Router::new().nest("/openrouter", sign_in.nested_router::<LocalUser, _, _>(connected));
        Router::new().nest("/a", Router::new().nest("/b", inner))
    })
    .await;
    assert_signs_in("/a/openrouter", "", |sign_in| {
        Router::new().nest_service("/a/openrouter", sign_in.nested_router::<LocalUser, _, _>(connected))
    })
    .await;
}

#[tokio::test]
async fn routes_behind_a_stripped_prefix_sign_in() {
    assert_signs_in("/app/openrouter", "/app", |sign_in| {
        Router::new().nest("/openrouter", sign_in.nested_router::<LocalUser, _, _>(connected))
    })
    .await;
}

#[tokio::test]
async fn routes_with_state_sign_in() {
    async fn with_state(
        State(name): State<&'static str>,
        user: LocalUser,
        _: Method,
        uri: Uri,
        callback: Callback,
    ) -> Result<http::Response<String>, NotConnected> {
        assert_eq!(name, "state");
        assert!(uri.path().contains("/callback/"));
        Ok(callback.finish(&user).await?.done().await)
    }
    assert_signs_in("/openrouter", "", |sign_in| {
        Router::new().merge(sign_in.router::<LocalUser, _, _>(with_state)).with_state("state")
    })
    .await;
}

#[tokio::test]
async fn two_sign_ins_share_an_application() {
    let emulator = Emulator::new();
    let (first, second) = (sign_in(&emulator, "/openrouter"), sign_in(&emulator, "/other/openrouter"));
    let routes = Router::new()
        .merge(first.router::<LocalUser, _, _>(connected))
        .merge(second.router::<LocalUser, _, _>(connected));
    for mount in [first.mount(), second.mount()] {
        let mut browser = Browser::default();
        let callback = browser.begin(&routes, &emulator, mount).await;
        assert_eq!(browser.get(&routes, &callback).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(emulator.posts("/auth/keys"), 2);
}

/// Sends every kind of request. `slash` is the status of the mount with a slash at its end, if the routes serve it.
async fn assert_hardened(routes: &Router, slash: Option<u16>) {
    let callback = format!("/openrouter/callback/{}", "A".repeat(22));
    let with_slash = slash.map(|status| (Method::GET, "/openrouter/", status, ""));
    let others = [
        (Method::GET, "/openrouter", 200, ""),
        (Method::HEAD, "/openrouter", 200, ""),
        (Method::POST, "/openrouter", 403, ""),
        (Method::PUT, "/openrouter", 405, "GET, HEAD, POST"),
        (Method::OPTIONS, "/openrouter", 405, "GET, HEAD, POST"),
        (Method::GET, "/openrouter/x", 404, ""),
        (Method::GET, "/openrouter/callback", 404, ""),
        (Method::GET, "/openrouter/callback/x", 404, ""),
        (Method::GET, "/openrouter/x/y/z?q=1", 404, ""),
        (Method::GET, &callback, 404, ""),
        (Method::HEAD, &callback, 405, "GET"),
        (Method::POST, &callback, 405, "GET"),
        (Method::DELETE, &callback, 405, "GET"),
    ];
    for (method, path, status, allowed) in others.into_iter().chain(with_slash) {
        let page = call(routes, Browser::default().request(method.clone(), path)).await;
        assert_eq!((page.status.as_u16(), page.header("allow")), (status, allowed), "{method} {path}");
        page.assert_hardened();
        assert!(!page.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn every_response_of_the_routes_is_hardened() {
    let emulator = Emulator::new();
    let sign_in = sign_in(&emulator, "/openrouter");
    let merged = Router::new().merge(sign_in.router::<LocalUser, _, _>(connected));
    assert_hardened(&merged, Some(404)).await;
    let nested = || sign_in.nested_router::<LocalUser, _, _>(connected);
    assert_hardened(&Router::new().nest("/openrouter", nested()), None).await;
    assert_hardened(&Router::new().nest_service("/openrouter", nested()), Some(200)).await;
    assert_eq!(emulator.posts("/auth/keys"), 0);
}

#[tokio::test]
async fn paths_next_to_the_mount_are_the_applications() {
    let sign_in = sign_in(&Emulator::new(), "/openrouter");
    let merged = Router::new().merge(sign_in.router::<LocalUser, _, _>(connected));
    // axum's `nest` leaves the slash at the end to the outer router.
    let nested = Router::new().nest("/openrouter", sign_in.nested_router::<LocalUser, _, _>(connected));
    for (routes, path) in [(&merged, "/openrouter2"), (&nested, "/openrouter2"), (&nested, "/openrouter/")] {
        let page = call(routes, Browser::default().request(Method::GET, path)).await;
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::NOT_FOUND, ""), "{path}");
    }
}

#[tokio::test]
async fn merged_routes_that_are_nested_say_so() {
    let sign_in = sign_in(&Emulator::new(), "/openrouter");
    for outer in ["/app", "/openrouter"] {
        let routes = || sign_in.router::<LocalUser, _, _>(connected);
        let services = Router::new().nest_service(outer, Router::new().merge(routes()));
        for routes in [Router::new().nest(outer, routes()), services] {
            let request = Browser::default().request(Method::GET, &format!("{outer}/openrouter"));
            let page = call(&routes, request).await;
            assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(page.body.contains("use `nested_router`"), "{page:?}");
        }
    }
}

#[tokio::test]
async fn layer_sees_why_a_sign_in_did_not_begin() {
    // As the function that the documentation of `BeginError` shows, which is generic.
    async fn show_begin_error<B>(mut response: http::Response<B>) -> http::Response<B> {
        if let Some(error) = response.extensions().get::<BeginError>() {
            let error = error.to_string().parse().unwrap();
            response.headers_mut().insert("begin-error", error);
        }
        response
    }
    let sign_in = sign_in(&Emulator::new(), "/openrouter");
    let routes = Router::new()
        .merge(sign_in.router::<LocalUser, _, _>(connected))
        .layer(map_response(show_begin_error::<Body>));
    let foreign = call(&routes, Browser::default().request(Method::POST, "/openrouter")).await;
    assert!(foreign.header("begin-error").contains("`Origin`"), "{foreign:?}");
    assert_eq!(Browser::default().get(&routes, "/openrouter").await.header("begin-error"), "");
}

#[tokio::test]
async fn rejected_user_begins_nothing() {
    let emulator = Emulator::new();
    let routes = Router::new().merge(sign_in(&emulator, "/openrouter").router::<LocalUser, _, _>(connected));
    for method in [Method::GET, Method::POST] {
        let mut request = Browser::default().request(method, "/openrouter");
        request.headers_mut().remove("user");
        request.headers_mut().insert(ORIGIN, APP.parse().unwrap());
        let page = call(&routes, request).await;
        assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/login"));
        assert_eq!(page.header("set-cookie"), "");
        page.assert_hardened();
    }
}
