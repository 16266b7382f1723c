//! Secrets that can be looked for in the memory of this process.

use std::{
    fmt,
    fs::{self, File},
    io::BufRead as _,
    ops::Range,
    os::unix::fs::FileExt as _,
};

use openrouter_oauth::Pkce;
use zeroize::Zeroizing;

/// A secret that is never whole in memory but where it was taken to be used.
#[derive(Clone)]
pub struct Masked(Vec<u8>);

const MASK: u8 = 0xa5;

impl Masked {
    /// A fresh one of 43 characters, as a verifier has.
    pub fn random() -> Self {
        let (verifier, _) = Pkce::generate().unwrap().into_parts();
        Self::of(verifier.expose())
    }

    /// That of `text`.
    pub fn of(text: &str) -> Self {
        Self(text.bytes().map(|byte| byte ^ MASK).collect())
    }

    /// `prefix` and the characters of this one, the last one first.
    #[must_use]
    pub fn reversed(&self, prefix: &str) -> Self {
        let mut masked = Self::of(prefix);
        masked.0.extend(self.0.iter().rev());
        masked
    }

    /// The secret itself.
    pub fn take(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len()));
        text.extend(self.0.iter().map(|byte| char::from(byte ^ MASK)));
        text
    }

    /// How often it stands in memory that can be written to.
    pub fn copies(&self) -> usize {
        places(&[self]).len()
    }

    /// Whether it stands in `bytes`.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.offsets(bytes).next().is_some()
    }

    fn offsets<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let (first, mut next) = (self.tail()[0] ^ MASK, 0);
        std::iter::from_fn(move || {
            loop {
                // Of the standard library, since it is fast in a debug build, too.
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

    /// What is looked for: without the beginning, over which an allocator writes when memory is freed. Shorter pieces can
    /// stay on the stack of whoever hashed or compared them, in registers that were put aside.
    fn tail(&self) -> &[u8] {
        &self.0[16..]
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked([redacted])")
    }
}

/// Where one of `secrets` stands in memory that can be written to.
pub fn places(secrets: &[&Masked]) -> Vec<usize> {
    let (maps, memory) =
        (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
    let mut chunk = Zeroizing::new(vec![0; 1 << 20]);
    let writable = maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v"));
    writable.flat_map(|line| places_between(range(line), &memory, &mut chunk, secrets)).collect()
}

fn places_between(range: Range<usize>, memory: &File, chunk: &mut [u8], secrets: &[&Masked]) -> Vec<usize> {
    let own = chunk.as_ptr_range();
    let own = own.start as usize..own.end as usize;
    let overlap = secrets.iter().map(|secret| secret.0.len()).max().unwrap_or(0);
    let (mut start, mut places) = (range.start, Vec::new());
    while start < range.end {
        let wanted = chunk.len().min(range.end - start);
        // Pages come and go while others run.
        let Ok(read) = memory.read_at(&mut chunk[..wanted], start as u64) else { break };
        let found = secrets.iter().flat_map(|secret| secret.offsets(&chunk[..read]));
        places.extend(found.map(|offset| start + offset));
        if read < chunk.len() {
            break;
        }
        start += read - overlap;
    }
    // What is read here is not a copy that somebody left.
    places.retain(|place| !own.contains(place));
    places.sort_unstable();
    places.dedup();
    places
}

/// The addresses of a line of `/proc/self/maps`.
fn range(line: &str) -> Range<usize> {
    let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
    usize::from_str_radix(start, 16).unwrap()..usize::from_str_radix(end, 16).unwrap()
}
