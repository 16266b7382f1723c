//! Hostile input.

use http::{HeaderName, HeaderValue, Method, Response, header::COOKIE};
use openrouter_oauth_web::{CookieKeys, OneProcessClaims, SignIn};
use proptest::prelude::*;

use crate::support::{APP, App, Browser, KEY, location};

/// Starts of URLs that lead elsewhere, if a browser or a server reads them in its own way.
const REDIRECTS: &[&str] = &[
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/ /evil.example",
    "/\u{0}/evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:\\\\evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example/%2e%2e",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/%2e%2e//evil.example",
    "//my.app@evil.example",
    "/@evil.example",
    "@evil.example",
    ".evil.example",
    "/a/..//evil.example",
    "/\u{ff0f}evil.example",
    "/\u{3002}evil.example",
    "//[::1]",
    "/;@evil.example",
    "?//evil.example",
    "#//evil.example",
    "/#//evil.example",
    "/?next=//evil.example",
    "/\u{202e}evil.example",
];

/// Begins with this page to return to, and returns where the finished sign-in leads, if it begins.
async fn leads_to(app: &App, return_to: &str) -> Option<String> {
    let mut browser = Browser::default();
    let begun = app.sign_in.begin(&browser.post("/openrouter", APP), "alice", Some(return_to), b"");
    if begun.status() != 303 {
        return None;
    }
    browser.receive(&begun);
    let callback = app.approve(&location(&begun)).await;
    let finished = browser.open(&app.sign_in, &callback, "alice").await.unwrap();
    Some(location(&finished.response))
}

#[track_caller]
fn check_stays(location: &str) {
    let path = location.strip_prefix(APP).unwrap();
    assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
    assert!(!path.starts_with("//") && !path.contains('\\'), "{location:?}");
}

#[tokio::test(start_paused = true)]
async fn corpus_of_open_redirects_stays_on_the_origin() {
    // W-8
    let app = App::new();
    for start in REDIRECTS {
        for text in [(*start).to_owned(), format!("/{start}"), format!("{start}/x?y=z"), format!("/a{start}")]
        {
            if let Some(location) = leads_to(&app, &text).await {
                check_stays(&location);
            }
        }
    }
}

proptest! {
    #[test]
    fn location_never_leaves_the_origin(parts in proptest::collection::vec(
        prop_oneof![
            proptest::sample::select(REDIRECTS).prop_map(str::to_owned),
            "[/\\\\%.:@?#a-f0-9\\r\\n\\t ]{0,8}",
            "\\PC{0,4}",
        ],
        1..4,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            if let Some(location) = leads_to(&App::new(), &parts.concat()).await {
                check_stays(&location);
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn thousand_garbled_cookies_send_nothing() {
    // W-5
    let (app, mut browser) = (App::new(), Browser::default());
    let callback = app.begin_and_approve(&mut browser, "alice").await;
    let (name, value) =
        browser.cookies.first_key_value().map(|(name, value)| (name.clone(), value.clone())).unwrap();
    let mut garbled: Vec<Vec<u8>> = Vec::new();
    for index in 0..value.len() {
        for byte in [b'A', b'_', b'=', 0xff] {
            let mut bytes = value.clone().into_bytes();
            if bytes[index] != byte {
                bytes[index] = byte;
                garbled.push(bytes);
            }
        }
        garbled.push(value.as_bytes()[..index].to_vec());
        garbled.push([&value.as_bytes()[index..], &value.as_bytes()[..index]].concat());
        garbled.push([value.as_bytes(), &value.as_bytes()[..index], b"A"].concat());
    }
    garbled.retain(|bytes| bytes != value.as_bytes());
    assert!(garbled.len() >= 1000, "{}", garbled.len());
    for bytes in garbled {
        let mut parts = browser.request(Method::GET, &callback);
        let cookie = [name.as_bytes(), b"=", &*bytes].concat();
        parts.headers.insert(COOKIE, HeaderValue::from_bytes(&cookie).unwrap());
        let ending = app.sign_in.callback(&parts).finish("alice").await.unwrap_err();
        assert_eq!(format!("{:?}", ending.outcome()), "NotOurs", "{}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
    drop(browser.open(&app.sign_in, &callback, "alice").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn junk_callbacks_are_not_ours() {
    let (app, mut begun) = (App::new(), Browser::default());
    begun.begin(&app.sign_in, "alice", None, b"");
    for number in 0..4000 {
        let mut browser = Browser::default();
        browser.cookies.insert(format!("{}{number:022}", begun.prefix()), "junk".into());
        for path in [
            format!("/openrouter/callback/{number:022}?code=c"),
            format!("/openrouter/callback/{number}?error=access_denied"),
            "/".into(),
        ] {
            let shown = browser.open(&app.sign_in, &path, "alice").await.unwrap_err();
            assert_eq!(shown.outcome, "NotOurs");
        }
    }
    assert_eq!((app.exchanges(), app.store.calls()), (0, [0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn thousands_of_begins_need_no_store() {
    // W-6
    let (app, browser) = (App::new(), Browser::default());
    for _ in 0..3000 {
        let begun = app.sign_in.begin(&browser.post("/openrouter", APP), "alice", None, b"");
        assert_eq!(begun.status(), 303);
    }
    assert_eq!((app.emulator.log().len(), app.store.calls()), (0, [0, 0, 0]));
}

const INJECTIONS: [&str; 5] =
    ["x\r\nSet-Cookie: evil=1", "x\nX-Evil: 1", "x; Domain=evil", "x\u{0}", "\u{e9}\u{2028}"];

const UUID: &str = "11111111-1111-4111-8111-111111111111";

#[tokio::test(start_paused = true)]
async fn no_argument_injects_a_header() {
    let app = App::new();
    for evil in INJECTIONS {
        for (subject, return_to, data) in [(evil, None, ""), ("alice", Some(evil), ""), ("alice", None, evil)]
        {
            let mut browser = Browser::default();
            let begun =
                app.sign_in.begin(&browser.post("/openrouter", APP), subject, return_to, data.as_bytes());
            check_headers(&begun);
            if begun.status() == 303 {
                browser.receive(&begun);
                let callback = app.approve(&location(&begun)).await;
                let finished = browser.open(&app.sign_in, &callback, subject).await.unwrap();
                assert_eq!(finished.data, data.as_bytes());
                check_headers(&finished.response);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_setting_injects_a_header() {
    let app = App::new();
    let builder = |origin: &str| {
        SignIn::builder(app.client.clone(), origin, CookieKeys::new(KEY), OneProcessClaims::new(9))
    };
    for evil in INJECTIONS {
        assert!(builder(APP).mount(format!("/{evil}")).build().is_err(), "{evil:?}");
        for origin in [format!("https://{evil}"), format!("{APP}{evil}"), format!("https://my.app:{evil}")] {
            assert!(builder(&origin).build().is_err(), "{origin:?}");
        }
        for text in [evil.to_owned(), format!("5{evil}"), format!("{UUID}{evil}")] {
            assert!(builder(APP).limit(&*text).build().is_err(), "{text:?}");
            assert!(builder(APP).workspace_id(&*text).build().is_err(), "{text:?}");
            assert!(builder(APP).required_workspace_id(&*text).build().is_err(), "{text:?}");
        }
        // A label may have other characters than ASCII. If it is accepted, it is encoded.
        if let Ok(sign_in) = builder(APP).key_label(evil).build() {
            let begun = sign_in.begin(&Browser::default().post("/openrouter", APP), "alice", None, b"");
            assert_eq!(begun.status(), 303);
            check_headers(&begun);
        }
    }
}

/// Checks the values of all headers: only those that are ours, with one cookie, without an attribute of its own.
#[track_caller]
fn check_headers(response: &Response<String>) {
    let mut names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let ours = ["cache-control", "location", "referrer-policy", "set-cookie", "x-content-type-options"];
    if response.status() == 303 {
        assert_eq!(names, ours);
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 1);
    }
    for (name, value) in response.headers() {
        let text = value.to_str().unwrap();
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
        // The label in the query of the URL is encoded, also its `=` and its `;`.
        assert!(name == "location" || !text.contains("evil"), "{text}");
        assert!(!text.contains("evil=") && !text.contains("Domain="), "{text}");
    }
}
