//! The requests that a web application gets under its mount.

use std::time::{Duration, SystemTime};

use http::{HeaderValue, Method, Request, header::COOKIE, request::Parts};
use openrouter_oauth::{Client, Entropy, transport::BoxError};
use openrouter_oauth_transport::testing::{ManualTimer, Never};
use openrouter_oauth_web::{CookieKeys, OneProcessClaims, Outcome, Route, SignIn};

use super::{lines::split_line, poll::ready};

const ORIGIN: &str = "https://my.app";

/// Checks a request target and, on the second line, a `Cookie` header: a callback claims and sends nothing without the
/// one cookie that this application sealed. An unchanged cookie is accepted, whatever comes before and after it.
///
/// `COOKIE` in the header stands for the application's own cookie, and `ATTEMPT` in the target for its attempt.
pub fn web_cookie(data: &[u8]) {
    // W-2, W-5
    let never = Never::new();
    let sign_in = application(never.clone());
    let own = begin(&sign_in);
    let (name, _) = own.split_once('=').unwrap();
    let attempt = &name[name.len() - 22..];
    let (target, cookie) = split_line(data);
    let target = String::from_utf8_lossy(target).replace("ATTEMPT", attempt);
    let Some(parts) = request(&target, &replaced(cookie, &own)) else {
        return;
    };
    match sign_in.route(&parts) {
        Route::Other(response) => assert!(matches!(response.status().as_u16(), 404 | 405)),
        Route::Begin => assert!(sign_in.begin(&parts, "alice", None, b"").status().is_success()),
        Route::Callback => {}
    }
    let is_ours = parts.headers[COOKIE].as_bytes().windows(own.len()).any(|window| window == own.as_bytes());
    // The exchange never ends, so a callback that may be finished is not ready.
    match ready(sign_in.callback(&parts).finish("alice")) {
        Some(Ok(_)) => panic!("there is no key"),
        Some(Err(ending)) => {
            assert!(matches!(ending.outcome(), Outcome::NotOurs | Outcome::Denied | Outcome::Rejected));
            assert!(is_ours || *ending.outcome() == Outcome::NotOurs);
            assert_eq!(never.sent(), 0);
        }
        None => assert!(is_ours && never.sent() == 1, "a foreign cookie is accepted"),
    }
}

fn application(never: Never) -> SignIn {
    let client = Client::builder().transport(never).timer(ManualTimer::new()).entropy(Counter);
    let keys = CookieKeys::new(std::array::from_fn(|index| u8::try_from(index).unwrap()));
    SignIn::builder(client.build().unwrap(), ORIGIN, keys, OneProcessClaims::new(9))
        .clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_050_000))
        .build()
        .unwrap()
}

/// Begins a sign-in, and returns its cookie, `name=value`.
fn begin(sign_in: &SignIn) -> String {
    let mut parts = request("/openrouter", b"a=b").unwrap();
    parts.method = Method::POST;
    parts.headers.insert("origin", HeaderValue::from_static(ORIGIN));
    let begun = sign_in.begin(&parts, "alice", None, b"");
    begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn request(target: &str, cookie: &[u8]) -> Option<Parts> {
    let cookie = HeaderValue::from_bytes(cookie).ok()?;
    Some(Request::get(target).header(COOKIE, cookie).body(()).ok()?.into_parts().0)
}

/// Replaces the first `COOKIE`.
fn replaced(header: &[u8], own: &str) -> Vec<u8> {
    match header.windows(6).position(|window| window == b"COOKIE") {
        Some(place) => [&header[..place], own.as_bytes(), &header[place + 6..]].concat(),
        None => header.to_vec(),
    }
}

/// The same bytes for every input, so that a failure can be repeated.
#[derive(Debug)]
struct Counter;

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        bytes.iter_mut().zip(0..).for_each(|(byte, index)| *byte = index);
        Ok(())
    }
}
