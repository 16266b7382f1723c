//! Conversion of hyper's errors.

use std::{error::Error as StdError, io};

use hyper::client::conn::TrySendError;
use openrouter_oauth_transport::{Error, ErrorKind};

/// Converts an error from sending a request. A request that comes back was not written, not even in part.
pub(crate) fn from_send<R>(mut error: TrySendError<R>) -> Error {
    let is_unsent = error.take_message().is_some();
    let error = from_hyper(error.into_error());
    if is_unsent { error.not_sent() } else { error }
}

/// Converts an error from sending a request that may have been written, or from reading a response.
pub(crate) fn from_hyper(error: hyper::Error) -> Error {
    Error::new(kind(&error), error)
}

fn kind(error: &hyper::Error) -> ErrorKind {
    if error.is_parse_too_large() {
        ErrorKind::TooLarge
    } else if error.is_parse() || cause(error).is_some_and(is_malformed) {
        ErrorKind::Protocol
    } else if error.is_user() {
        ErrorKind::Other
    } else {
        ErrorKind::Io
    }
}

fn cause<E: StdError + 'static>(error: &impl StdError) -> Option<&E> {
    error.source()?.downcast_ref()
}

/// Returns whether this is hyper's error for a malformed chunked body, not a rustls error.
fn is_malformed(error: &io::Error) -> bool {
    let malformed = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
    malformed && !error.get_ref().is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>)
}
