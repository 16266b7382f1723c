//! Callback URLs.

use openrouter_oauth::{CallbackError, CallbackUrl, Client, Error, PendingSignIn};
use openrouter_oauth_transport::testing::{ManualTimer, Never};

use super::checks::{assert_browser_agrees, assert_fit_to_show};
use crate::query;

/// Checks a callback URL: a valid one keeps the promises of the type, and a sign-in reads only its own callback.
pub fn callback_url(data: &[u8]) {
    // C-8, L-5
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match CallbackUrl::parse(text) {
        Ok(callback) => {
            assert_eq!(callback.as_str(), text);
            assert_browser_agrees(text);
            assert_allowed(text);
            sign_in(&callback);
        }
        Err(error) => assert_fit_to_show(&error, &[]),
    }
}

fn assert_allowed(text: &str) {
    assert!(text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!text.contains(['#', '\\']));
    let (scheme, rest) = text.split_once("://").expect("an absolute URL");
    let authority = rest.split(['/', '?']).next().unwrap();
    assert!(!authority.contains('@'));
    match scheme.to_ascii_lowercase().as_str() {
        "https" => assert!(!authority.is_empty()),
        "http" => assert!(matches!(authority.split(':').next(), Some("127.0.0.1" | "localhost"))),
        scheme => panic!("{scheme}"),
    }
}

fn sign_in(callback: &CallbackUrl) {
    let client = Client::builder().transport(Never::new()).timer(ManualTimer::new()).build().unwrap();
    let begin = || client.authorize(callback.clone()).begin();
    let (url, pending) = match begin() {
        Ok(started) => started,
        Err(Error::Invalid(_)) => {
            // The URL has a response parameter, or is too long for the attempt ID.
            assert!(callback.as_str().contains('?') || callback.as_str().len() > 2020);
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let ours = pending.callback_url().as_str();
    assert_eq!(query::parameter(url.as_str(), "callback_url"), ours);
    assert_allowed(ours);

    let state = query::parameter(url.as_str(), "state");
    let separator = if ours.contains('?') { '&' } else { '?' };
    let redirected = format!("{ours}{separator}code=c0de&state={state}");
    let reads = |pending: &PendingSignIn, text: &str| {
        pending.read_callback(text).map(|code| code.expose().to_owned())
    };
    assert_eq!(reads(&pending, &redirected).as_deref(), Ok("c0de"));
    assert_eq!(reads(&pending, query::target(&redirected)).as_deref(), Ok("c0de"));
    // Another sign-in does not accept this callback.
    let (_, next) = begin().unwrap();
    assert_eq!(reads(&next, &redirected), Err(CallbackError::NotOurs));
}
