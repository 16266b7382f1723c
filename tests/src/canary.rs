//! Secrets that a test can recognize wherever they leak.

use std::{
    error::Error,
    fmt::{Debug, Write as _},
};

use crate::base64url;

/// An authorization code.
pub const CODE: &str = "auth_code_canary-0c0de-5e3c1a";
/// A code verifier.
pub const VERIFIER: &str = "canary-0f-the-verifier-93bd6a41c07e58f2a4d10b";
/// An API key.
pub const KEY: &str = "sk-or-v1-canary0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// A subject token of an identity provider.
pub const TOKEN: &str = "eyJjYW5hcnki.canary-of-the-subject.c2lnbmF0dXJl";
/// Other text of a body, which must not appear in errors either.
pub const BODY: &str = "canary-of-the-body-7d1f";

/// All canaries.
pub const ALL: [&str; 5] = [CODE, VERIFIER, KEY, TOKEN, BODY];

/// Checks that `text` contains none of `secrets`: neither in plain text, nor in base64url or hexadecimal, nor as a list
/// of numbers.
#[track_caller]
pub fn assert_hidden(text: &str, secrets: &[&str]) {
    for secret in secrets {
        let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let numbers = format!("{:?}", secret.as_bytes());
        let numbers = numbers.trim_matches(['[', ']']);
        for form in [*secret, &base64url::encode(secret.as_bytes()), &hex, numbers] {
            assert!(!text.contains(form), "{secret} appears in: {text}");
        }
    }
}

/// Checks that neither form of `Debug` contains one of `secrets`.
#[track_caller]
pub fn assert_debug_hides(value: &impl Debug, secrets: &[&str]) {
    assert_hidden(&format!("{value:?}\n{value:#?}"), secrets);
}

/// Returns everything that an error can print: `Display` and both forms of `Debug`, for it and all its causes.
pub fn everything(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error}\n{error:?}\n{error:#?}").unwrap();
        next = error.source();
    }
    text
}
