//! Reading the body of a response into memory that is wiped.

use bytes::Bytes;
use openrouter_oauth_transport::{Error, parts::BodyBuffer};

use crate::error;

/// Reads the whole body. Returns an error, not a truncated body, if it is larger than `max_bytes` bytes.
pub(crate) async fn read(mut received: reqwest::Response, max_bytes: usize) -> Result<Bytes, Error> {
    let mut whole = BodyBuffer::new(received.content_length(), max_bytes)?;
    while let Some(part) = received.chunk().await.map_err(error::from_body)? {
        whole.append(&part)?;
    }
    Ok(whole.into())
}
