//! Secrets that a test can search for in the memory of this process.

use std::{
    fmt,
    fs::{self, File},
    io::BufRead as _,
    ops::Range,
    os::unix::fs::FileExt as _,
};

use openrouter_oauth::Pkce;
use zeroize::Zeroizing;

/// A secret that is stored masked, so that a memory search finds only copies of the plain secret.
#[derive(Clone)]
pub struct MaskedSecret(Vec<u8>);

const MASK: u8 = 0xa5;

impl MaskedSecret {
    /// Generates a random secret of 43 characters, like a verifier.
    pub fn random() -> Self {
        let (verifier, _) = Pkce::generate().unwrap().into_parts();
        Self::new(verifier.expose())
    }

    /// Masks `text`.
    pub fn new(text: &str) -> Self {
        Self(text.bytes().map(|byte| byte ^ MASK).collect())
    }

    /// Returns `prefix`, then the characters of this secret in reverse order.
    #[must_use]
    pub fn reversed(&self, prefix: &str) -> Self {
        let mut masked = Self::new(prefix);
        masked.0.extend(self.0.iter().rev());
        masked
    }

    /// Returns the secret in plain text.
    pub fn unmask(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len()));
        text.extend(self.0.iter().map(|byte| char::from(byte ^ MASK)));
        text
    }

    /// Counts the copies in writable memory.
    pub fn copies(&self) -> usize {
        addresses(&[self]).len()
    }

    /// Returns whether `bytes` contain the secret.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.offsets(bytes).next().is_some()
    }

    fn offsets<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let (first, mut next) = (self.tail()[0] ^ MASK, 0);
        std::iter::from_fn(move || {
            loop {
                // Uses the standard library, which is fast even in a debug build.
                next += (&bytes[next..]).skip_until(first).unwrap();
                let candidate = bytes.get(next.checked_sub(1)?..)?;
                let is_it = candidate.len() >= self.tail().len()
                    && candidate.iter().zip(self.tail()).all(|(byte, masked)| byte ^ MASK == *masked);
                if is_it {
                    return Some(next - 1);
                }
                if next == bytes.len() {
                    return None;
                }
            }
        })
    }

    /// The part to search for. An allocator overwrites the beginning of a freed block. Shorter parts can stay on the
    /// stack of a function that hashed or compared them, in saved registers.
    fn tail(&self) -> &[u8] {
        &self.0[16..]
    }
}

impl fmt::Debug for MaskedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskedSecret([redacted])")
    }
}

/// Returns the addresses of all copies of `secrets` in writable memory.
pub fn addresses(secrets: &[&MaskedSecret]) -> Vec<usize> {
    let (maps, memory) =
        (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
    let mut chunk = Zeroizing::new(vec![0; 1 << 20]);
    let writable = maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v"));
    writable.flat_map(|line| addresses_between(range(line), &memory, &mut chunk, secrets)).collect()
}

fn addresses_between(
    range: Range<usize>,
    memory: &File,
    chunk: &mut [u8],
    secrets: &[&MaskedSecret],
) -> Vec<usize> {
    let own = chunk.as_ptr_range();
    let own = own.start as usize..own.end as usize;
    let overlap = secrets.iter().map(|secret| secret.0.len()).max().unwrap_or(0);
    let (mut start, mut addresses) = (range.start, Vec::new());
    while start < range.end {
        let wanted = chunk.len().min(range.end - start);
        // Other threads can unmap pages meanwhile.
        let Ok(read) = memory.read_at(&mut chunk[..wanted], start as u64) else { break };
        let found = secrets.iter().flat_map(|secret| secret.offsets(&chunk[..read]));
        addresses.extend(found.map(|offset| start + offset));
        if read < chunk.len() {
            break;
        }
        start += read - overlap;
    }
    // Excludes the buffer of this search.
    addresses.retain(|address| !own.contains(address));
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Returns the address range in a line of `/proc/self/maps`.
fn range(line: &str) -> Range<usize> {
    let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
    usize::from_str_radix(start, 16).unwrap()..usize::from_str_radix(end, 16).unwrap()
}
