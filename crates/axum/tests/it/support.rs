//! An application, OpenRouter, and a browser.

use std::borrow::Cow;

use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    middleware::map_request,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    request::Parts,
};
use http_body_util::BodyExt as _;
use openrouter_oauth::{Client, Retry, transport_hyper::TokioTimer};
use openrouter_oauth_axum::{
    Callback, CookieKeys, NotConnected, OneProcessClaims, SignIn, SignInRouter as _, Subject,
    web::SignInBuilder,
};
use openrouter_oauth_emulator::{DecisionOutcome, Emulator, User};
use tower::ServiceExt as _;

pub(crate) const APP: &str = "https://my.app";

/// The user, by a header that only a test sends.
pub(crate) struct LocalUser(String);

impl Subject for LocalUser {
    fn subject(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }
}

impl<S: Sync> FromRequestParts<S> for LocalUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let user = parts.headers.get("user").and_then(|user| user.to_str().ok());
        user.map(|user| Self(user.to_owned())).ok_or_else(|| Redirect::to("/login").into_response())
    }
}

pub(crate) fn client(emulator: &Emulator) -> Client {
    let client = Client::builder().transport(emulator.clone()).timer(TokioTimer::new()).retry(Retry::none());
    client.build().unwrap()
}

pub(crate) fn builder(emulator: &Emulator) -> SignInBuilder {
    of_client(client(emulator))
}

fn of_client(client: Client) -> SignInBuilder {
    let keys = CookieKeys::parse(&"00112233445566778899aabbccddeeff".repeat(2)).unwrap();
    SignIn::builder(client, APP, keys, OneProcessClaims::new(100)).key_label("my app")
}

pub(crate) fn sign_in(emulator: &Emulator, mount: &str) -> SignIn {
    builder(emulator).mount(mount).build().unwrap()
}

/// An application with one user.
pub(crate) fn application(client: Client) -> Router {
    let sign_in = of_client(client).build().unwrap();
    let routes = Router::new().merge(sign_in.router::<LocalUser, _, _>(connected));
    routes.layer(map_request(async |mut request: axum::extract::Request| {
        request.headers_mut().insert("user", HeaderValue::from_static("alice"));
        request
    }))
}

/// The simplest handler.
pub(crate) async fn connected(
    user: LocalUser,
    callback: Callback,
) -> Result<http::Response<String>, NotConnected> {
    Ok(callback.finish(&user).await?.done().await)
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_hardened(&self) {
        assert_eq!(self.header("cache-control"), "private, no-store", "{self:?}");
        assert!(["no-referrer", "same-origin"].contains(&self.header("referrer-policy")), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
    }
}

/// A browser in which the user "alice" has one attempt.
#[derive(Default)]
pub(crate) struct Browser {
    cookie: Option<String>,
}

impl Browser {
    pub(crate) fn request(&self, method: Method, url: &str) -> Request<Body> {
        let path = url.strip_prefix(APP).unwrap_or(url);
        let mut request = Request::builder().method(method).uri(path).header("user", "alice");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request.body(Body::empty()).unwrap()
    }

    /// Begins at `path`. Returns the URL at OpenRouter.
    pub(crate) async fn press(&mut self, routes: &Router, path: &str) -> String {
        let mut request = self.request(Method::POST, path);
        request.headers_mut().insert(ORIGIN, APP.parse().unwrap());
        let page = call(routes, request).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{page:?}");
        self.keep(&page);
        page.header(LOCATION.as_str()).to_owned()
    }

    /// Keeps the cookie of a response.
    pub(crate) fn keep(&mut self, page: &Page) {
        self.cookie = page.header(SET_COOKIE.as_str()).split(';').next().map(str::to_owned);
    }

    /// Begins at `path`, and approves. Returns the URL of the callback.
    pub(crate) async fn begin(&mut self, routes: &Router, emulator: &Emulator, path: &str) -> String {
        let url = self.press(routes, path).await;
        let outcome = User::new(emulator.clone()).approve(&url, None).await.unwrap();
        let DecisionOutcome::Redirected(callback) = outcome else { panic!("{outcome:?}") };
        callback
    }

    pub(crate) async fn get(&self, routes: &Router, url: &str) -> Page {
        call(routes, self.request(Method::GET, url)).await
    }
}

pub(crate) async fn call(routes: &Router, request: Request<Body>) -> Page {
    let (parts, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Page { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}
