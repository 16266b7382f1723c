//! Callbacks and pasted codes.

use std::fmt::Write;

use openrouter_oauth::{AuthorizationCode, CallbackError, PendingSignIn};

use super::checks::assert_fit_to_show;
use crate::{canary, query};

const HOST: &str = "localhost:3000";
const PATH: &str = "/callback/bm9uY2Utb2YtdGVzdC0w";
const STATE: &str = "c3RhdGUtb2YtdGVzdC0wMA";

/// Checks a callback and a pasted text: a code must occur once, under the sign-in's own path, with its own state or
/// none.
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
            "state":"{STATE}","code_verifier":"{}"}}"#,
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

/// Checks that a pasted text is the code itself, a query, or the callback of this sign-in.
#[track_caller]
fn assert_pasted(text: &str, code: &str) {
    let text = visible(text);
    if text == code {
        return;
    }
    match text.strip_prefix('?') {
        Some(query) => assert_contains_code(query, code),
        None if text.split('=').next().unwrap().contains(['/', '?']) => assert_ours(&text, code),
        None => assert_contains_code(&text, code),
    }
}

/// Removes the marks of a bracketed paste and invisible characters.
fn visible(text: &str) -> String {
    let invisible = |c: char| openrouter_oauth_models::is_invisible(c) && !c.is_control();
    let text = text.replace("\u{1b}[200~", "").replace("\u{1b}[201~", "");
    let text = text.replace('\u{a0}', " ").replace(['\u{2028}', '\u{2029}'], "\n");
    text.replace(invisible, "").trim().to_owned()
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
    assert_eq!(pending.read_pasted(&format!("http://{HOST}{target}")).unwrap(), code);
}
