//! Callbacks and pasted codes.

use std::fmt::Write;

use openrouter_oauth::{AuthorizationCode, CallbackError, PendingSignIn};

use super::checks::assert_fit_to_show;
use crate::{canary, query};

const HOST: &str = "localhost:3000";
const PATH: &str = "/callback/bm9uY2Utb2YtdGVzdC0w";
const ATTEMPT_ID: &str = "bm9uY2Utb2YtdGVzdC0w";
const STATE: &str = "c3RhdGUtb2YtdGVzdC0wMA";

/// Checks a callback and a pasted text: a code must occur once, with the sign-in's own state or none. A callback must
/// be under the sign-in's own path, and a pasted address must end in its attempt ID.
pub fn callback(data: &[u8]) {
    // L-5, L-6, L-13, P-2
    let pending = pending();
    let text = &*String::from_utf8_lossy(data);
    check(pending.read_callback(text), |code| assert_ours(text, code));
    check(pending.read_pasted(text), |code| assert_pasted(text, code));
    assert_code_arrives(&pending, text);
}

fn pending() -> PendingSignIn {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://{HOST}{PATH}?app=1",
            "state":"{STATE}","code_verifier":"{}","begun_at":0}}"#,
        canary::VERIFIER
    );
    PendingSignIn::from_secret_json(&json).unwrap()
}

fn check(read: Result<AuthorizationCode, CallbackError>, promise: impl Fn(&str)) {
    match read {
        Ok(code) => {
            let code = code.expose();
            assert!((1..=512).contains(&code.len()) && code.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            promise(code);
        }
        Err(error @ (CallbackError::Denied { .. } | CallbackError::Failed { .. })) => {
            assert_fit_to_show(&error, &[]);
        }
        Err(error) => assert_fit_to_show(&error, &[canary::CODE, STATE]),
    }
}

/// Checks that `text` is a callback to our path, possibly without scheme and host, whose query contains this code.
#[track_caller]
fn assert_ours(text: &str, code: &str) {
    let text = text.split('#').next().unwrap();
    let (location, query) = text.split_once('?').expect("a query");
    let location = location.to_ascii_lowercase();
    let ours = [format!("http://{HOST}{PATH}"), format!("{HOST}{PATH}"), PATH.to_owned()];
    assert!(ours.iter().any(|ours| location == ours.to_ascii_lowercase()), "{location}");
    assert!(text.contains(PATH), "the path is compared byte by byte");
    assert_contains_code(query, code);
}

#[track_caller]
fn assert_contains_code(query: &str, code: &str) {
    // Includes the `?`, because a query may contain another one.
    let parameters = query::parameters(&format!("?{query}"));
    let values = |wanted: &str| -> Vec<&str> {
        let found = parameters.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(values("code"), [code]);
    assert!(matches!(values("state")[..], [] | ["" | STATE]));
    assert!(matches!(values("error")[..], [] | [""]));
}

/// Checks that a pasted text is the code itself, a query, or an address that ends in the attempt ID.
#[track_caller]
fn assert_pasted(text: &str, code: &str) {
    assert!(!code.starts_with("sk-or-") && !code.contains("sk-or-v1-"), "a key is sent as a code");
    let text = compact(text);
    let start = text.split(['?', '#', '=', '&', '/']).next().unwrap().to_ascii_lowercase();
    let is_encoded = start.contains("%3a%2f%2f") || start.contains(":%2f%2f");
    let text = if is_encoded { compact(&decoded(&text)) } else { text };
    let text = text.strip_prefix(['?', '#']).unwrap_or(&text);
    let (place, query) = text.split('#').next().unwrap().split_once('?').unwrap_or((text, ""));
    if place.rsplit('/').next() == Some(ATTEMPT_ID) {
        assert_contains_code(query, code);
        return;
    }
    let start = text.split(['?', '#', '=', '&']).next().unwrap();
    assert!(!start.contains("://"), "the address of another sign-in");
    if text == code {
        return;
    }
    let query = text.split('#').next().unwrap();
    if query.split('&').any(|pair| pair.starts_with("code=")) {
        assert_contains_code(query, code);
    } else {
        // `CODE&state=STATE`
        assert_contains_code(&format!("code={}", query.replace('+', "%2B")), code);
    }
}

/// Removes the marks of a bracketed paste, white space, invisible characters, quotes, and labels.
fn compact(text: &str) -> String {
    let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "");
    let is_noise =
        |c: char| c.is_whitespace() || (openrouter_oauth_models::is_invisible(c) && !c.is_control());
    let mut text = text.replace(is_noise, "");
    loop {
        let bare =
            text.trim_matches(|c| "\"'`<>\u{201c}\u{201d}\u{2018}\u{2019}\u{201e}\u{ab}\u{bb}".contains(c));
        let is_labeled = bare.get(..5).is_some_and(|label| label.eq_ignore_ascii_case("code:"));
        let bare = if is_labeled { &bare[5..] } else { bare };
        if bare == text {
            return text;
        }
        text = bare.to_owned();
    }
}

fn decoded(text: &str) -> String {
    // The parser of a query also decodes `+`, and splits at `&` and `=`.
    let name = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    query::parameters(&format!("?{name}")).into_iter().map(|(name, _)| name).collect()
}

/// Checks that every valid code arrives, in a callback and in a paste.
fn assert_code_arrives(pending: &PendingSignIn, text: &str) {
    let Ok(code) = AuthorizationCode::parse(text) else {
        return;
    };
    let escaped = text.bytes().fold(String::new(), |mut escaped, byte| {
        write!(escaped, "%{byte:02X}").unwrap();
        escaped
    });
    let target = format!("{PATH}?app=1&code={escaped}&state={STATE}");
    assert_eq!(pending.read_callback(&target).unwrap(), code);
    if code.expose().contains("sk-or-") {
        return;
    }
    assert_eq!(pending.read_pasted(&format!("http://{HOST}{target}")).unwrap(), code);
    let forwarded = format!("https://forwarded.example/{ATTEMPT_ID}?code={escaped}");
    assert_eq!(pending.read_pasted(&forwarded).unwrap(), code);
}
