//! Whether the listener of a login refuses a wrong nonce with as many instructions wherever it is wrong (L-5).

use std::hint::black_box;

use openrouter_oauth::PendingSignIn;
use openrouter_oauth_login::testing::CallbackRules;

use crate::{Result, canned, measure};

const PORT: u16 = 3000;
const RIGHT: &str = "bm9uY2Utb2YtdGVzdC0wMA";

/// As long as this, so that the nonce lies across a multiple of 32 bytes: what compares so many at a time, and ends at the
/// first difference, is found out.
const PATH: &str = "/callback/of/a/sign-in/whose/path/is/longer/than/usual";

/// Wrong in its first character, in its last, and in all.
const WRONG: [&str; 3] = ["Xm9uY2Utb2YtdGVzdC0wMA", "bm9uY2Utb2YtdGVzdC0wMX", "XXXXXXXXXXXXXXXXXXXXXX"];

const TIMES: u32 = 1000;

/// Compares them, each in a process of its own under callgrind.
pub(crate) fn compare() -> Result<()> {
    let mut counts = Vec::new();
    for nonce in WRONG {
        let profile = measure::profile(&["nonce", nonce])?;
        let refusing = profile.inclusive.iter().find(|(function, _)| function.contains("nonce::refuse"));
        let (_, instructions) = refusing.ok_or("the profile has no such function")?;
        counts.push(*instructions / f64::from(TIMES));
    }
    println!(
        "instructions of a wrong nonce: {counts:.0?} if wrong in the first, the last and all characters\n"
    );
    // Whole numbers, so that there is nothing to round.
    let is_same = |pair: &[f64]| matches!(pair, [one, other] if one.to_bits() == other.to_bits());
    if counts.windows(2).all(is_same) {
        Ok(())
    } else {
        Err("how many instructions a wrong nonce takes tells where it is wrong".into())
    }
}

/// Refuses this nonce many times.
pub(crate) fn run(nonce: &str) -> Result<()> {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://127.0.0.1:{PORT}{PATH}/{RIGHT}",
            "state":"c3RhdGUtb2YtdGVzdC0wMA","code_verifier":"{}"}}"#,
        canned::VERIFIER
    );
    let rules = CallbackRules::new(PORT, &PendingSignIn::from_secret_json(&json)?);
    let head = |nonce: &str| {
        format!("GET {PATH}/{nonce}?code=c0de HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n").into_bytes()
    };
    // Or nothing would be compared.
    if rules.check(&head(RIGHT)).is_err() {
        return Err("the right nonce is refused".into());
    }
    refuse(&rules, &head(nonce))
}

#[inline(never)]
fn refuse(rules: &CallbackRules, head: &[u8]) -> Result<()> {
    for _ in 0..TIMES {
        if black_box(rules).check(black_box(head)).is_ok() {
            return Err("a wrong nonce is taken".into());
        }
    }
    Ok(())
}
