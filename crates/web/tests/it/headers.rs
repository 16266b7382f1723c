//! Golden headers of every response.

use http::{Method, Response, header::SET_COOKIE};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::{CookieKeys, PageKind, Route, harden};

use crate::support::{APP, App, Browser, KEY, StoreFault, lines, without_query};

const HARDENED: &str = "\
cache-control: private, no-store
referrer-policy: no-referrer
x-content-type-options: nosniff
";

/// Checks all headers of a page. `more` are in the order of the alphabet, before and after the common ones.
#[track_caller]
fn check_page(response: &Response<String>, status: u16, more: &[&str]) {
    let policy = "content-security-policy: default-src 'none'; \
                  style-src 'sha256-STYLE'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:";
    let mut headers = lines(response.headers());
    let style = headers.split("'sha256-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    assert_eq!(style.len(), 44);
    headers = headers.replace(&style, "STYLE");
    let mut expected: Vec<&str> = HARDENED.lines().collect();
    expected.extend([policy, "content-type: text/html; charset=utf-8"]);
    expected.extend(more);
    if more.iter().any(|line| line.starts_with("referrer-policy")) {
        expected.retain(|line| *line != "referrer-policy: no-referrer");
    }
    expected.sort_unstable();
    assert_eq!(headers.lines().collect::<Vec<_>>(), expected);
    assert_eq!(response.status(), status);
    check_html(response.body());
}

/// Checks that a page needs no script, fits a phone, and has one heading.
#[track_caller]
fn check_html(html: &str) {
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(html.contains("name=\"viewport\"") && html.contains("color-scheme: light dark"));
    assert_eq!((html.matches("<h1>").count(), html.matches("<main>").count()), (1, 1));
    for absent in ["<script", "javascript:", "onload", "src=", "code=", "state="] {
        assert!(!html.contains(absent), "{absent}");
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_carry_the_three_headers_and_one_cookie() {
    // W-4, W-10
    let (app, mut browser) = (App::new(), Browser::default());
    let begun = app.sign_in.begin(&browser.post("/openrouter", APP), "alice", None, b"");
    browser.receive(&begun);
    let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=7200";
    let check = |response: &Response<String>, location: &str| {
        let mut headers = response.headers().clone();
        assert!(headers["location"].to_str().unwrap().starts_with(location), "{headers:?}");
        assert!(headers["location"].is_sensitive() && headers[SET_COOKIE].is_sensitive());
        let cookie = headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("__Host-openrouter-") && cookie.ends_with(attributes), "{cookie}");
        headers.remove("location");
        headers.remove(SET_COOKIE);
        assert_eq!((lines(&headers).as_str(), response.status().as_u16()), (HARDENED, 303));
        assert_eq!(response.body(), "");
    };
    check(&begun, "https://openrouter.ai/auth?code_challenge=");
    let callback = app.approve(begun.headers()["location"].to_str().unwrap()).await;
    let connected =
        app.sign_in.callback(&browser.request(Method::GET, &callback)).finish("alice").await.unwrap();
    check(&connected.done().await, "https://my.app/");
    let url = browser.begin(&app.sign_in, "alice", None, b"");
    let denied = app.deny(&url).await;
    let shown = browser.clone().open(&app.sign_in, &denied, "alice").await.unwrap_err();
    check(&shown.response, without_query(&denied));
}

#[tokio::test(start_paused = true)]
async fn pages_have_golden_headers() {
    // W-10
    let (app, mut browser) = (App::new(), Browser::default());
    let same_origin = "referrer-policy: same-origin";
    for method in [Method::GET, Method::POST] {
        let status = if method == Method::GET { 200 } else { 403 };
        let page = app.sign_in.begin(&browser.request(method, "/openrouter"), "alice", None, b"");
        check_page(&page, status, &[same_origin]);
    }
    let foreign = app.sign_in.begin(&browser.post("/openrouter", "https://www.my.app"), "alice", None, b"");
    check_page(&foreign, 403, &[]);
    let put = app.sign_in.begin(&browser.request(Method::PUT, "/openrouter"), "alice", None, b"");
    check_page(&put, 405, &["allow: GET, HEAD, POST"]);
    let bad = app.sign_in.begin(&browser.post("/openrouter", APP), "alice", Some("//evil"), b"");
    check_page(&bad, 400, &[]);
    for (method, path, status, more) in [
        (Method::GET, "/openrouter/nothing", 404, &[][..]),
        (Method::DELETE, "/openrouter", 405, &["allow: GET, HEAD, POST"]),
        (Method::HEAD, "/openrouter/callback/AAAAAAAAAAAAAAAAAAAAAA", 405, &["allow: GET"]),
    ] {
        let Route::Other(response) = app.sign_in.route(&browser.request(method, path)) else {
            panic!("{path}")
        };
        check_page(&response, status, more);
    }
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let post =
        app.sign_in.callback(&browser.request(Method::POST, &callback)).finish("alice").await.unwrap_err();
    check_page(&post.into_response(), 405, &["allow: GET"]);
    let foreign = Browser::default().open(&app.sign_in, &callback, "alice").await.unwrap_err();
    check_page(&foreign.response, 404, &[]);
    app.store.inject([StoreFault::Down; 2]);
    let down = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    check_page(&down.response, 503, &["retry-after: 5"]);
    app.emulator.inject(Fault::drop_after_commit().on("/auth/keys"));
    let _redirect = browser.open(&app.sign_in, &callback, "alice").await.unwrap_err();
    let unknown = browser.open(&app.sign_in, without_query(&callback), "alice").await.unwrap_err();
    check_page(&unknown.response, 502, &[]);
}

#[test]
fn headers_of_the_application_are_hardened() {
    for policies in [&["unsafe-url"][..], &["same-origin"], &["same-origin", "unsafe-url"]] {
        let mut response = Response::new(());
        response.headers_mut().insert("cache-control", "public, max-age=60".parse().unwrap());
        for policy in policies {
            response.headers_mut().append("referrer-policy", policy.parse().unwrap());
        }
        harden(&mut response);
        assert_eq!(lines(response.headers()), HARDENED);
    }
}

#[tokio::test]
async fn hardened_button_keeps_its_referrer_policy() {
    let app = App::new();
    let parts = Browser::default().request(Method::GET, "/openrouter");
    let mut page = app.sign_in.begin(&parts, "alice", None, b"").map(Vec::from);
    harden(&mut page);
    check_page(&page.map(|body| String::from_utf8(body).unwrap()), 200, &["referrer-policy: same-origin"]);
}

#[tokio::test]
async fn application_can_write_the_pages() {
    let app = App::with(APP, CookieKeys::new(KEY), |builder| {
        builder.pages(|page| match page.kind() {
            PageKind::Begin => format!("ours: {} {:?}", page.title(), page.action()),
            _ => page.to_html(),
        })
    });
    let page = app.sign_in.begin(&Browser::default().request(Method::GET, "/openrouter"), "alice", None, b"");
    assert_eq!(page.body(), "ours: Connect OpenRouter Post(\"?\")");
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self' 'unsafe-inline'; "), "{policy}");
}
