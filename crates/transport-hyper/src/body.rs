//! Reading the body of a response into memory that is wiped.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use openrouter_oauth_transport::{Error, ErrorKind, WipedBuffer};

use crate::error;

/// The maximum size to preallocate for a `Content-Length`.
const MAX_PREALLOCATED: usize = 64 * 1024;

/// Reads all of `body`. Returns an error, not a truncated body, if it is larger than `max_bytes` bytes.
pub(crate) async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, Error> {
    // The `Content-Length`, or 0 if there is none.
    let length = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if length > max_bytes {
        return Err(ErrorKind::TooLarge.into());
    }
    let mut whole = WipedBuffer::with_capacity(length.min(MAX_PREALLOCATED));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(error::from_hyper)?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > max_bytes - whole.len() {
            return Err(ErrorKind::TooLarge.into());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}
