//! Reads the body of a response into memory that is wiped.

use bytes::Bytes;
use http::Version;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use openrouter_oauth_transport::{Error, ErrorKind, WipedBuffer};

use crate::error;

/// What is set aside on the word of a `Content-Length`, at most.
const MOST_AT_ONCE: usize = 64 * 1024;

/// The whole of `body`, or an error: one that is larger than `most` bytes is not cut.
pub(crate) async fn read(mut body: Incoming, version: Version, most: usize) -> Result<Bytes, Error> {
    // The announced length, or 0 if there is none.
    let announced = body.size_hint();
    let length = usize::try_from(announced.lower()).unwrap_or(usize::MAX);
    if length > most {
        return Err(ErrorKind::TooLarge.into());
    }
    let mut whole = WipedBuffer::with_capacity(length.min(MOST_AT_ONCE));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(error::of_body)?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > most - whole.len() {
            return Err(ErrorKind::TooLarge.into());
        }
        whole.extend_from_slice(&data);
    }
    // Hyper takes a stream that is reset with `NO_ERROR` or `CANCEL`, or left out by a `GOAWAY`, for one that ended.
    if version == Version::HTTP_2 && !body.is_end_stream() && announced.exact() != Some(whole.len() as u64) {
        return Err(Error::new(ErrorKind::Io, "the stream was ended before the answer was whole"));
    }
    Ok(whole.into())
}
