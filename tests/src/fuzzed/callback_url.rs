//! Which callback URLs are taken.

use openrouter_oauth::{CallbackError, CallbackUrl, Client, Error, PendingSignIn};
use openrouter_oauth_transport::testing::{ManualTimer, Never};

use super::assert_fit_to_show;
use crate::query;

/// A callback URL: what is taken is as the type promises, and its own callback, and no other, is read (C-8, L-5).
pub fn callback_url(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match CallbackUrl::parse(text) {
        Ok(callback) => {
            assert_eq!(callback.as_str(), text);
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
            // It has a parameter of an answer, or no room for the nonce.
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
    let back = format!("{ours}{separator}code=c0de&state={state}");
    let reads = |pending: &PendingSignIn, text: &str| {
        pending.read_callback(text).map(|code| code.expose().to_owned())
    };
    assert_eq!(reads(&pending, &back).as_deref(), Ok("c0de"));
    assert_eq!(reads(&pending, query::target(&back)).as_deref(), Ok("c0de"));
    // The callback of one sign-in is not that of the next.
    let (_, next) = begin().unwrap();
    assert_eq!(reads(&next, &back), Err(CallbackError::NotOurs));
}
