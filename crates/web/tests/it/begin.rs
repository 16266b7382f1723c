//! Tests of the beginning.

use http::{
    Method, StatusCode,
    header::{ALLOW, HOST, ORIGIN, SET_COOKIE},
};
use openrouter_oauth_web::{BeginError, CookieKeys, Route, SignIn};

use crate::support::{APP, App, Browser, KEY, location};

#[tokio::test]
async fn only_a_post_of_our_origin_begins() {
    let (app, browser) = (App::new(), Browser::default());
    let begin = |method, origins: &[&str]| {
        let mut parts = browser.request(method, "/openrouter");
        for origin in origins {
            parts.headers.append(ORIGIN, origin.parse().unwrap());
        }
        app.sign_in.begin(&parts, "alice", Some("/next?a=1"), b"")
    };
    assert_eq!(begin(Method::POST, &[APP]).status(), StatusCode::SEE_OTHER);
    for (method, origins, status) in [
        (Method::GET, &[][..], StatusCode::OK),
        (Method::GET, &[APP], StatusCode::OK),
        (Method::HEAD, &[], StatusCode::OK),
        (Method::POST, &[], StatusCode::FORBIDDEN),
        (Method::POST, &["null"], StatusCode::FORBIDDEN),
        (Method::POST, &["https://evil.example"], StatusCode::FORBIDDEN),
        (Method::POST, &["http://my.app"], StatusCode::FORBIDDEN),
        (Method::POST, &["https://my.app:444"], StatusCode::FORBIDDEN),
        (Method::POST, &["https://my.app.evil.example"], StatusCode::FORBIDDEN),
        (Method::POST, &[APP, APP], StatusCode::FORBIDDEN),
        (Method::POST, &[APP, "https://evil.example"], StatusCode::FORBIDDEN),
    ] {
        let response = begin(method.clone(), origins);
        assert_eq!(response.status(), status, "{method} {origins:?}");
        assert!(!response.headers().contains_key(SET_COOKIE));
        let control = match origins {
            [] | ["null"] => "<form method=\"post\" action=\"?return_to=%2Fnext%3Fa%3D1\">",
            _ if method == Method::GET => "<form method=\"post\" action=\"?return_to=%2Fnext%3Fa%3D1\">",
            _ => "<a href=\"https://my.app/openrouter?return_to=%2Fnext%3Fa%3D1\">Start again</a>",
        };
        assert!(response.body().contains(control), "{}", response.body());
        let is_foreign = matches!(response.extensions().get(), Some(BeginError::ForeignOrigin));
        assert_eq!(is_foreign, status == StatusCode::FORBIDDEN);
    }
    let response = begin(Method::PUT, &[APP]);
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[ALLOW], "GET, HEAD, POST");
}

#[tokio::test]
async fn page_of_another_host_leads_to_the_application() {
    for (origin, opened) in [
        ("http://localhost:3000", "http://127.0.0.1:3000"),
        ("http://127.0.0.1:3000", "http://localhost:3000"),
        ("https://my.app", "https://www.my.app"),
        ("https://www.my.app", "https://my.app"),
    ] {
        let app = App::with(origin, CookieKeys::new(KEY), |builder| builder);
        let foreign = app.sign_in.begin(&Browser::default().post("/openrouter", opened), "alice", None, b"");
        assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
        let error = foreign.extensions().get::<BeginError>().unwrap().to_string();
        assert!(error.starts_with("the `Origin` is not the application's"), "{error}");
        let link = format!("<a href=\"{origin}/openrouter\">Start again</a>");
        assert!(foreign.body().contains(&link) && !foreign.body().contains("<form"), "{}", foreign.body());
        let begun = app.sign_in.begin(&Browser::default().post("/openrouter", origin), "alice", None, b"");
        assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn each_proposal_has_its_own_parameter() {
    const PROPOSED: &str = "11111111-1111-4111-8111-111111111111";
    const REQUIRED: &str = "22222222-2222-4222-8222-222222222222";
    let app = App::with(APP, CookieKeys::new(KEY), |builder| {
        builder.limit(5).workspace_id(PROPOSED).required_workspace_id(REQUIRED)
    });
    let url = Browser::default().begin(&app.sign_in, "alice", None, b"");
    let query = url.split_once('?').unwrap().1;
    for (name, value) in [
        ("key_label", "my+app"),
        ("limit", "5"),
        ("workspace_id", PROPOSED),
        ("required_workspace_id", REQUIRED),
    ] {
        let found: Vec<_> = query.split('&').filter_map(|pair| pair.strip_prefix(name)).collect();
        assert_eq!(found, [format!("={value}")], "{name} in {url}");
    }
    let url = Browser::default().begin(&App::new().sign_in, "alice", None, b"");
    assert!(!url.contains("limit=") && !url.contains("workspace_id="), "{url}");
}

#[tokio::test]
async fn forwarded_hosts_are_not_read() {
    // W-7
    let (app, browser) = (App::new(), Browser::default());
    let mut parts = browser.post("/openrouter", APP);
    for name in [HOST.as_str(), "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-original-url"] {
        parts.headers.insert(name.parse::<http::HeaderName>().unwrap(), "evil.example".parse().unwrap());
    }
    let url = location(&app.sign_in.begin(&parts, "alice", None, b""));
    assert!(url.contains("callback_url=https%3A%2F%2Fmy.app%2Fopenrouter%2Fcallback%2F"), "{url}");
    assert!(!url.contains("evil"), "{url}");
}

#[tokio::test]
async fn page_to_return_to_is_checked() {
    // W-8
    let (app, browser) = (App::new(), Browser::default());
    for bad in
        ["//evil.example", "/\\evil.example", "https://evil.example", "/openrouter", "/a\r\nX-Evil: 1", ""]
    {
        let response = app.sign_in.begin(&browser.post("/openrouter", APP), "alice", Some(bad), b"");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{bad:?}");
        assert!(matches!(response.extensions().get(), Some(BeginError::InvalidReturnTo)), "{bad:?}");
        assert!(!response.headers().contains_key(SET_COOKIE));
        assert!(!response.body().contains("evil"), "{}", response.body());
        let page = app.sign_in.begin(&browser.request(Method::GET, "/openrouter"), "alice", Some(bad), b"");
        assert!(page.body().contains("action=\"?\""), "{}", page.body());
    }
    let parts = browser.request(Method::GET, "/openrouter?x=1&return_to=%2Fa%3Fb%3Dc&return_to=/z");
    assert_eq!(SignIn::return_to(&parts).as_deref(), Some("/a?b=c"));
    assert_eq!(SignIn::return_to(&browser.request(Method::GET, "/openrouter")), None);
}

#[tokio::test]
async fn cookie_has_room_for_406_bytes() {
    let app = App::new();
    let begin = |return_to: usize, data: usize| {
        let return_to = format!("/{}", "r".repeat(return_to - 1));
        let parts = Browser::default().post("/openrouter", APP);
        app.sign_in.begin(&parts, "alice", Some(&return_to), &vec![0xff; data])
    };
    for (return_to, data) in [(406, 0), (150, 256), (1, 256)] {
        // `receive` checks that the cookie has at most 768 bytes.
        Browser::default().receive(&begin(return_to, data));
        assert_eq!(begin(return_to, data).status(), StatusCode::SEE_OTHER);
    }
    // A `return_to` may come from an attacker, but the data is the application's.
    for (return_to, data, expected, status) in [
        (407, 0, "InvalidReturnTo", StatusCode::BAD_REQUEST),
        (512, 0, "InvalidReturnTo", StatusCode::BAD_REQUEST),
        (151, 256, "TooLong", StatusCode::BAD_REQUEST),
        (1, 257, "DataTooLong", StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let response = begin(return_to, data);
        assert_eq!(response.status(), status);
        let error = response.extensions().get::<BeginError>().unwrap();
        assert_eq!(format!("{error:?}"), expected, "{return_to} {data}");
    }
}

#[tokio::test]
async fn button_keeps_only_a_page_that_fits() {
    let app = App::new();
    for (length, is_kept) in [(406, true), (407, false)] {
        let return_to = format!("/{}", "r".repeat(length - 1));
        let parts = Browser::default().request(Method::GET, "/openrouter");
        let page = app.sign_in.begin(&parts, "alice", Some(&return_to), b"");
        assert_eq!(page.body().contains("return_to="), is_kept, "{length}");
    }
}

#[tokio::test]
async fn empty_subject_is_rejected() {
    let (app, mut browser) = (App::new(), Browser::default());
    let response = app.sign_in.begin(&browser.post("/openrouter", APP), "", None, b"");
    assert!(matches!(response.extensions().get(), Some(BeginError::EmptySubject)));
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let shown = browser.open(&app.sign_in, &callback, "").await.unwrap_err();
    assert_eq!((&*shown.outcome, app.exchanges()), ("NotOurs", 0));
}

#[tokio::test]
async fn unreadable_cookies_go_first() {
    let (app, mut browser) = (App::new(), Browser::default());
    browser.begin(&app.sign_in, "alice", None, b"");
    let prefix = browser.prefix();
    for number in 0..4 {
        // Sorted after the real ones, of which few begin with `z`.
        browser.cookies.insert(format!("{prefix}{number:z>22}"), "garbage".into());
    }
    browser.cookies.insert("session".into(), "untouched".into());
    browser.cookies.insert(format!("{prefix}short"), "untouched".into());
    browser.begin(&app.sign_in, "alice", None, b"");
    let readable = |(_, value): &(&String, &String)| value.len() > 100;
    assert_eq!(browser.cookies.iter().filter(readable).count(), 2);
    assert_eq!(browser.cookies.len(), 5 + 2);
}

#[tokio::test]
async fn one_response_removes_at_most_16_cookies() {
    let (app, mut browser) = (App::new(), Browser::default());
    browser.begin(&app.sign_in, "alice", None, b"");
    let prefix = browser.prefix();
    browser.cookies.clear();
    for number in 0..100 {
        browser.cookies.insert(format!("{prefix}{number:022}"), "garbage".into());
    }
    browser.begin(&app.sign_in, "alice", None, b"");
    assert_eq!(browser.cookies.len(), 100 + 1 - 16);
}

#[tokio::test]
async fn applications_on_one_host_keep_their_cookies() {
    let (app, mut browser) = (App::new(), Browser::default());
    let other = app.instance(APP, CookieKeys::new(KEY), |builder| builder.mount("/other"));
    for _ in 0..9 {
        browser.begin(&app.sign_in, "alice", None, b"");
        browser.begin(&other, "alice", None, b"");
    }
    assert_eq!(browser.cookies.len(), 5 + 5);
}

#[tokio::test]
async fn routes_ignore_a_stripped_prefix() {
    let app = App::with(APP, CookieKeys::new(KEY), |builder| builder.mount("/team/openrouter"));
    let id = "A".repeat(22);
    let route =
        |method: Method, path: &str| match app.sign_in.route(&Browser::default().request(method, path)) {
            Route::Begin => 1,
            Route::Callback => 2,
            Route::Other(response) => response.status().as_u16(),
        };
    for path in ["/team/openrouter", "/openrouter", "/"] {
        assert_eq!(route(Method::POST, path), 1, "{path}");
        assert_eq!(route(Method::GET, path), 1, "{path}");
        assert_eq!(route(Method::DELETE, path), 405, "{path}");
        let callback = format!("{}/callback/{id}?code=c", path.trim_end_matches('/'));
        assert_eq!(route(Method::GET, &callback), 2, "{callback}");
        assert_eq!(route(Method::HEAD, &callback), 405, "{callback}");
        assert_eq!(route(Method::POST, &callback), 405, "{callback}");
    }
    for path in [
        "/x",
        "/router",
        "/team",
        "/openrouter/",
        "/callback",
        "/callback/x",
        "/x/callback/AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(route(Method::GET, path), 404, "{path}");
    }
}
