//! Checks that the listener of a login rejects a wrong nonce with the same number of instructions wherever it is wrong.

// L-5

use std::hint::black_box;

use openrouter_oauth::PendingSignIn;
use openrouter_oauth_login::fuzzing::CallbackRules;
use openrouter_oauth_tests::Result;

use crate::{canned, measure};

const PORT: u16 = 3000;
const RIGHT_NONCE: &str = "bm9uY2Utb2YtdGVzdC0wMA";

/// So long that the nonce crosses a multiple of 32 bytes. A comparison of 32 bytes at a time that ends at the first
/// difference then shows in the counts.
const PATH: &str = "/callback/of/a/sign-in/whose/path/is/longer/than/usual";

/// Nonces that are wrong in the first, in the last and in all characters.
const WRONG_NONCES: [&str; 3] =
    ["Xm9uY2Utb2YtdGVzdC0wMA", "bm9uY2Utb2YtdGVzdC0wMX", "XXXXXXXXXXXXXXXXXXXXXX"];

const REPETITIONS: u32 = 1000;

/// Compares the wrong nonces, each in its own process under callgrind.
pub(crate) fn compare() -> Result<()> {
    let mut counts = Vec::new();
    for nonce in WRONG_NONCES {
        let profile = measure::profile(&["nonce", nonce])?;
        let rejecting = profile.inclusive.iter().find(|(function, _)| function.contains("nonce::reject"));
        let (_, instructions) = rejecting.ok_or("the profile has no such function")?;
        counts.push(*instructions / f64::from(REPETITIONS));
    }
    println!(
        "instructions of a wrong nonce: {counts:.0?} if wrong in the first, the last and all characters\n"
    );
    // The counts are whole numbers, so they can be compared exactly.
    let is_same = |pair: &[f64]| matches!(pair, [one, other] if one.to_bits() == other.to_bits());
    if counts.windows(2).all(is_same) {
        Ok(())
    } else {
        Err("the number of instructions shows where a nonce is wrong".into())
    }
}

/// Rejects this nonce many times.
pub(crate) fn run(nonce: &str) -> Result<()> {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://127.0.0.1:{PORT}{PATH}/{RIGHT_NONCE}",
            "state":"c3RhdGUtb2YtdGVzdC0wMA","code_verifier":"{}"}}"#,
        canned::VERIFIER
    );
    let rules = CallbackRules::new(PORT, &PendingSignIn::from_secret_json(&json)?);
    let head = |nonce: &str| {
        format!("GET {PATH}/{nonce}?code=c0de HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n").into_bytes()
    };
    // If the listener rejected every nonce, the comparison would prove nothing.
    if rules.check(&head(RIGHT_NONCE)).is_err() {
        return Err("the listener rejects the right nonce".into());
    }
    reject(&rules, &head(nonce))
}

#[inline(never)]
fn reject(rules: &CallbackRules, head: &[u8]) -> Result<()> {
    for _ in 0..REPETITIONS {
        if black_box(rules).check(black_box(head)).is_ok() {
            return Err("the listener accepts a wrong nonce".into());
        }
    }
    Ok(())
}
