//! Checks of errors.
//!
//! This file uses no other file of these tests, so that the tests of each transport can have a copy.

use std::{error::Error as _, fmt::Write};

use bytes::Bytes;
use openrouter_oauth_transport::{Error, ErrorKind};

/// Checks the kind of the error, that it has a cause, that nothing was sent, and that it does not contain the URL.
#[track_caller]
pub(crate) fn assert_not_sent(result: Result<Bytes, Error>, kind: ErrorKind, what: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    assert!(!error.may_have_been_sent() && error.source().is_some(), "{what}: {error:?}");
    assert!(!error_chain(&error).contains("/auth/keys"), "{what}: {error:?}");
}

/// Formats an error with all its causes, and with `Debug`.
pub(crate) fn error_chain(error: &Error) -> String {
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        write!(chain, ": {source}").unwrap();
        cause = source.source();
    }
    write!(chain, ", {error:?}").unwrap();
    chain
}
