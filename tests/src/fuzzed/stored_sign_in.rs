//! A sign-in from a session store.

use openrouter_oauth::AnySignIn;

use super::checks::assert_fit_to_show;
use crate::canary;

/// Checks a stored sign-in: writing and reading it again changes nothing, and an error shows no part of it.
pub fn stored_sign_in(data: &[u8]) {
    let Ok(json) = str::from_utf8(data) else {
        return;
    };
    match AnySignIn::from_secret_json(json) {
        Ok(pending) => {
            assert!(pending.is_fresh());
            canary::assert_debug_hides(&pending, &[canary::VERIFIER]);
            let written = pending.into_secret_json().unwrap();
            let again = AnySignIn::from_secret_json(written.expose()).unwrap().into_secret_json().unwrap();
            assert_eq!(again.expose(), written.expose());
        }
        Err(error) => assert_fit_to_show(&error, &[canary::VERIFIER]),
    }
}
