//! Tests that no secret is shown.

use std::{
    error::Error as _,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use http::{Method, Response};
use openrouter_oauth::{
    Client, Retry,
    transport::{Transport as _, from_fn},
};
use openrouter_oauth_emulator::Fault;
use openrouter_oauth_web::CookieKeys;

use crate::support::{APP, App, Browser, KEY, TokioTimer, lines};

/// The body of the last request.
type Sent = Arc<Mutex<String>>;

/// Returns an application whose requests are recorded.
fn recorded() -> (App, Sent) {
    let (mut app, sent) = (App::new(), Sent::default());
    let (emulator, recorder) = (app.emulator.clone(), Arc::clone(&sent));
    let transport = from_fn(move |request, limits| {
        *recorder.lock().unwrap() = String::from_utf8(request.body().to_vec()).unwrap();
        let emulator = emulator.clone();
        async move { emulator.send(request, limits).await }
    });
    let client = Client::builder().transport(transport).timer(TokioTimer::new()).retry(Retry::none());
    app.client = client.build().unwrap();
    app.sign_in = app.instance(APP, CookieKeys::new(KEY), |builder| builder);
    (app, sent)
}

/// Returns the text between `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: char) -> &'a str {
    text.split_once(start).unwrap().1.split(end).next().unwrap()
}

fn text_of(response: &Response<String>) -> String {
    [&lines(response.headers()), response.body().as_str()].concat()
}

/// Returns whether the cookies contain the secret: as it is, in base64url, or as the bytes that it encodes.
fn contains(cookies: &[String], secret: &str) -> bool {
    let mut forms = vec![secret.as_bytes().to_vec()];
    forms.extend(Base64UrlUnpadded::decode_vec(secret).ok());
    cookies.iter().any(|cookie| {
        let bytes = Base64UrlUnpadded::decode_vec(cookie).unwrap();
        let has = |bytes: &[u8], form: &[u8]| bytes.windows(form.len()).any(|window| window == form);
        forms.iter().any(|form| has(cookie.as_bytes(), form) || has(&bytes, form))
    })
}

#[test]
fn secrets_in_a_cookie_are_found() {
    let secret = Base64UrlUnpadded::encode_string(&[9; 32]);
    for plain in [&[&[1; 7][..], &[9; 32], &[2; 5]].concat(), secret.as_bytes()] {
        assert!(contains(&[Base64UrlUnpadded::encode_string(plain)], &secret));
    }
    assert!(!contains(&[Base64UrlUnpadded::encode_string(&[8; 99])], &secret));
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_shown() {
    // W-9
    let (app, sent) = recorded();
    let mut browser = Browser::default();
    let url = browser.begin(&app.sign_in, "alice-canary", None, b"data-canary");
    let mut cookies: Vec<_> = browser.cookies.values().cloned().collect();
    let callback = app.approve(&url).await;
    let parts = browser.request(Method::GET, &callback);
    let mut shown = format!("{:?}{:?}", app.sign_in, app.sign_in.callback(&parts));
    app.emulator.inject(Fault::status(403).on("/auth/keys").body("body-canary"));
    let ending = app.sign_in.callback(&parts).finish("alice-canary").await.unwrap_err();
    let first = sent.lock().unwrap().clone();
    write!(shown, "{ending:?}{ending}").unwrap();
    let mut source = ending.source();
    while let Some(error) = source {
        write!(shown, "{error:?}{error}").unwrap();
        source = error.source();
    }
    let response = ending.into_response();
    browser.receive(&response);
    shown += &text_of(&response);
    cookies.extend(browser.cookies.values().cloned());
    let callback = app.begin_and_approve(&mut browser, "bob").await;
    let parts = browser.request(Method::GET, &callback);
    let connected = app.sign_in.callback(&parts).finish("bob").await.unwrap();
    let (debug, key) = (format!("{connected:?}"), connected.key().clone());
    let done = connected.done().await;
    write!(shown, "{debug}{}", text_of(&done)).unwrap();
    browser.receive(&done);
    cookies.extend(browser.cookies.values().cloned());

    let second = sent.lock().unwrap().clone();
    let mut secrets = vec!["canary", between(&url, "state=", '&'), key.expose()];
    for body in [&first, &second] {
        secrets.extend(["\"code\":\"", "\"code_verifier\":\""].map(|name| between(body, name, '"')));
    }
    let lengths = [secrets[1], secrets[4], secrets[6]].map(str::len);
    assert_eq!((cookies.len(), secrets.len(), lengths), (4, 7, [22, 43, 43]), "all were seen");
    for secret in secrets {
        assert!(secret.len() >= 6 && !shown.contains(secret), "{secret}: {shown}");
        assert!(!contains(&cookies, secret), "{secret}");
    }
}
