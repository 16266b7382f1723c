//! A buffer that wipes its memory.

use std::{fmt, io};

use bytes::Bytes;
use zeroize::Zeroize;

/// A buffer for a body. It wipes its memory when it is dropped or reallocated.
///
/// `Bytes::from` converts it without a copy. The memory is then wiped when the last clone of the `Bytes` is dropped. A
/// transport that uses this buffer follows rule 9 of the [contract](crate::Transport#contract) for bodies.
///
/// ```
/// use bytes::Bytes;
/// use openrouter_oauth_transport::WipedBuffer;
///
/// let mut body = WipedBuffer::with_capacity(64);
/// body.extend_from_slice(br#"{"key":"#);
/// body.extend_from_slice(br#""sk-or-v1-0e6f"}"#);
/// assert_eq!(Bytes::from(body), r#"{"key":"sk-or-v1-0e6f"}"#);
/// ```
#[derive(Default)]
pub struct WipedBuffer {
    /// The buffer never shrinks, so its spare capacity was never written and needs no wiping.
    bytes: Vec<u8>,
}

impl WipedBuffer {
    /// Creates an empty buffer that does not reallocate until it exceeds `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// Appends `bytes`.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the number of bytes in the buffer.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let capacity = (self.bytes.len() + more).max(2 * self.bytes.capacity());
        let mut larger = Self::with_capacity(capacity);
        larger.bytes.extend_from_slice(&self.bytes);
        *self = larger;
    }
}

impl Drop for WipedBuffer {
    fn drop(&mut self) {
        self.bytes.as_mut_slice().zeroize();
    }
}

impl AsRef<[u8]> for WipedBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<WipedBuffer> for Bytes {
    fn from(buffer: WipedBuffer) -> Self {
        Self::from_owner(buffer)
    }
}

impl io::Write for WipedBuffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for WipedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WipedBuffer").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn appended_bytes_are_kept_in_order() {
        let mut buffer = WipedBuffer::with_capacity(1);
        for byte in 0..=u8::MAX {
            buffer.extend_from_slice(&[byte]);
        }
        assert!((0..=u8::MAX).eq(Bytes::from(buffer)));
    }

    #[test]
    fn writer_accepts_all_bytes_at_once() {
        let mut buffer = WipedBuffer::default();
        assert!(buffer.is_empty());
        assert_eq!(buffer.write(b"a").unwrap(), 1);
        buffer.write_all(b"b\0").unwrap();
        write!(buffer, "{}", 7).unwrap();
        buffer.flush().unwrap();
        assert_eq!((buffer.len(), buffer.as_ref()), (4, &b"ab\x007"[..]));
    }

    #[test]
    fn debug_output_hides_the_content() {
        // S-1
        let mut buffer = WipedBuffer::default();
        buffer.extend_from_slice(b"canary");
        assert_eq!(format!("{buffer:?}"), "WipedBuffer { len: 6, .. }");
    }
}
