//! Checks that the listener of a login uses the same number of instructions to reject a wrong attempt ID, regardless of
//! which characters are wrong.

// L-5

use std::hint::black_box;

use openrouter_oauth::PendingSignIn;
use openrouter_oauth_login::fuzzing::CallbackRules;
use openrouter_oauth_tests::Result;

use crate::{canned, measure};

const PORT: u16 = 3000;
const RIGHT_ATTEMPT_ID: &str = "bm9uY2Utb2YtdGVzdC0wMA";

/// Long enough that the attempt ID crosses a multiple of 32 bytes. The counts then reveal a comparison that reads 32
/// bytes at a time and ends at the first difference.
const PATH: &str = "/callback/of/a/sign-in/whose/path/is/longer/than/usual";

/// Attempt IDs that are wrong in the first, in the last and in all characters.
const WRONG_ATTEMPT_IDS: [&str; 3] =
    ["Xm9uY2Utb2YtdGVzdC0wMA", "bm9uY2Utb2YtdGVzdC0wMX", "XXXXXXXXXXXXXXXXXXXXXX"];

const REPETITIONS: u32 = 1000;

/// Compares the wrong attempt IDs, each in its own process under callgrind.
pub(crate) fn compare() -> Result<()> {
    let mut counts = Vec::new();
    for attempt_id in WRONG_ATTEMPT_IDS {
        let (profile, _) = measure::profile(&[], |command| {
            command.args(["attempt-id", attempt_id]);
        })?;
        let rejecting =
            profile.inclusive.iter().find(|(function, _)| function.contains("attempt_id::reject"));
        let (_, instructions) = rejecting.ok_or("the profile has no such function")?;
        counts.push(*instructions / f64::from(REPETITIONS));
    }
    println!(
        "instructions of a wrong attempt ID: {counts:.0?} if wrong in the first, the last and all characters\n"
    );
    // The counts are whole numbers, so they can be compared exactly.
    let is_same = |pair: &[f64]| matches!(pair, [one, other] if one.to_bits() == other.to_bits());
    if counts.windows(2).all(is_same) {
        Ok(())
    } else {
        Err("the number of instructions reveals which characters of an attempt ID are wrong".into())
    }
}

/// Rejects this attempt ID many times.
pub(crate) fn run(attempt_id: &str) -> Result<()> {
    let json = format!(
        r#"{{"version":1,"origin":"https://openrouter.ai","callback_url":"http://127.0.0.1:{PORT}{PATH}/{RIGHT_ATTEMPT_ID}",
            "state":"c3RhdGUtb2YtdGVzdC0wMA","code_verifier":"{}","begun_at":0}}"#,
        canned::VERIFIER
    );
    let rules = CallbackRules::new(PORT, &PendingSignIn::from_secret_json(&json)?);
    let head = |attempt_id: &str| {
        format!("GET {PATH}/{attempt_id}?code=c0de HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n").into_bytes()
    };
    // If the listener rejected every attempt ID, the comparison would prove nothing.
    if rules.check(&head(RIGHT_ATTEMPT_ID)).is_err() {
        return Err("the listener rejects the correct attempt ID".into());
    }
    reject(&rules, &head(attempt_id))
}

#[inline(never)]
fn reject(rules: &CallbackRules, head: &[u8]) -> Result<()> {
    for _ in 0..REPETITIONS {
        if black_box(rules).check(black_box(head)).is_ok() {
            return Err("the listener accepts a wrong attempt ID".into());
        }
    }
    Ok(())
}
