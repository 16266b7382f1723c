//! Polls a future without a runtime.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Returns the output of a future after one poll, or `None` if it is not ready.
pub(super) fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
