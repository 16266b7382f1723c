//! Expectations of a scene.

use std::fmt::Debug;

use openrouter_oauth_tests::Result;

/// Fails unless `found` equals `expected`.
pub(crate) fn expect_eq<T: Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Result {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found:?} instead of {expected:?}").into())
}

/// Fails unless `text` contains `part`.
pub(crate) fn expect_part(what: &str, text: &str, part: &str) -> Result {
    if text.contains(part) {
        return Ok(());
    }
    Err(format!("{what}: {text:?} lacks {part:?}").into())
}
