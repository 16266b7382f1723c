//! A buffer for a whole body.

use bytes::Bytes;

use crate::{Error, ErrorKind, WipedBuffer};

/// Collects the body of a response up to a limit. It wipes its memory, like [`WipedBuffer`].
///
/// A transport that reads into this buffer follows the rules 5 and 9 of the [contract](crate::Transport#contract), as
/// far as the size of a body and its memory are concerned.
///
/// ```
/// use bytes::Bytes;
/// use openrouter_oauth_transport::{ErrorKind, parts::BodyBuffer};
///
/// # fn main() -> Result<(), openrouter_oauth_transport::Error> {
/// let mut body = BodyBuffer::new(Some(2), 64)?;
/// body.append(b"{}")?;
/// assert_eq!(body.append(&[b' '; 63]).unwrap_err().kind(), ErrorKind::TooLarge);
/// assert_eq!(Bytes::from(body), "{}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BodyBuffer {
    bytes: WipedBuffer,
    /// How many bytes it may hold.
    limit: usize,
}

/// The most memory to allocate because of a `Content-Length`, which a server may invent.
const MAX_PREALLOCATED: u64 = 64 * 1024;

impl BodyBuffer {
    /// Creates a buffer for a body of at most `limit` bytes. `length` is its `Content-Length`, if there is one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], if `length` is larger than `limit`.
    pub fn new(length: Option<u64>, limit: usize) -> Result<Self, Error> {
        let length = length.unwrap_or(0);
        if usize::try_from(length).ok().is_none_or(|length| length > limit) {
            return Err(ErrorKind::TooLarge.into());
        }
        let capacity = usize::try_from(length.min(MAX_PREALLOCATED)).unwrap_or(0);
        Ok(Self { bytes: WipedBuffer::with_capacity(capacity), limit })
    }

    /// Appends the next part of the body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`], if the body then exceeds the limit. The buffer stays as it was.
    pub fn append(&mut self, part: &[u8]) -> Result<(), Error> {
        if part.len() > self.limit - self.bytes.len() {
            return Err(ErrorKind::TooLarge.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }
}

impl From<BodyBuffer> for Bytes {
    fn from(body: BodyBuffer) -> Self {
        body.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_ends_exactly_at_the_limit() {
        // C-13
        for length in [None, Some(0), Some(4)] {
            let mut body = BodyBuffer::new(length, 4).unwrap();
            body.append(b"ab").unwrap();
            assert_eq!(body.append(b"cde").unwrap_err().kind(), ErrorKind::TooLarge);
            body.append(b"cd").unwrap();
            assert!(body.append(b"e").is_err());
            body.append(b"").unwrap();
            assert_eq!(Bytes::from(body), "abcd");
        }
    }

    #[test]
    fn claimed_length_allocates_little() {
        // C-13
        assert_eq!(BodyBuffer::new(Some(5), 4).unwrap_err().kind(), ErrorKind::TooLarge);
        assert!(BodyBuffer::new(Some(u64::MAX), usize::MAX - 1).is_err());
        assert!(BodyBuffer::new(u64::try_from(isize::MAX).ok(), usize::MAX).is_ok());
    }
}
