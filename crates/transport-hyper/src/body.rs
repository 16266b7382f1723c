//! Reading the body of a response into memory that is wiped.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use openrouter_oauth_transport::{Error, parts::BodyBuffer};

use crate::error;

/// Reads all of `body`. Returns an error, not a truncated body, if it is larger than `max_bytes` bytes.
pub(crate) async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, Error> {
    let mut whole = BodyBuffer::new(body.size_hint().exact(), max_bytes)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(error::from_hyper)?;
        let Ok(data) = frame.into_data() else { continue };
        whole.append(&data)?;
    }
    Ok(whole.into())
}
