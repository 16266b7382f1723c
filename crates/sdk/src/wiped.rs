//! A buffer that leaves nothing behind.

use std::io;

use bytes::Bytes;
use zeroize::{Zeroize, Zeroizing};

/// A buffer that is wiped when it is dropped, and when it moves to grow (S-2).
#[derive(Debug)]
pub(crate) struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }
}

impl io::Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut larger = Vec::with_capacity((self.0.len() + bytes.len()).max(2 * self.0.capacity()));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            *self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shares the buffer; it is wiped when the last share is dropped.
impl From<Wiped> for Bytes {
    fn from(wiped: Wiped) -> Self {
        Self::from_owner(wiped.0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_buffer_grows_and_keeps_what_was_written() {
        let mut buffer = Wiped::with_capacity(1);
        for part in ["a", "bc", "", "defgh", "i"] {
            buffer.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(Bytes::from(buffer), "abcdefghi");
    }
}
