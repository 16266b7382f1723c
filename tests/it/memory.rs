//! What is left of secrets in the memory of this process.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

use http::{Response, StatusCode};
use openrouter_oauth::{
    ApiKey, AuthorizationCode, Client, Entropy, Error, Pending, Pkce,
    transport::{self, BoxError, ErrorKind, WipedBuffer, from_fn, testing::ManualTimer},
};
use zeroize::Zeroizing;

/// A secret that is never whole in memory but where it was taken to be used.
#[derive(Clone)]
struct Masked(Vec<u8>);

const MASK: u8 = 0xa5;

impl Masked {
    /// A fresh one of 43 characters.
    fn random() -> Self {
        let (verifier, _) = Pkce::generate().unwrap().into_parts();
        Self::of(verifier.expose())
    }

    fn of(text: &str) -> Self {
        Self(text.bytes().map(|byte| byte ^ MASK).collect())
    }

    fn take(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.0.len()));
        text.extend(self.0.iter().map(|byte| char::from(byte ^ MASK)));
        text
    }

    /// What is looked for: without the beginning, over which an allocator writes when memory is freed. Shorter pieces can
    /// stay on the stack of whoever hashed or compared them, in registers that were put aside.
    fn tail(&self) -> &[u8] {
        &self.0[16..]
    }

    /// How often it stands in memory that can be written to.
    fn copies(&self) -> usize {
        let (maps, memory) =
            (fs::read_to_string("/proc/self/maps").unwrap(), File::open("/proc/self/mem").unwrap());
        let writable = maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v"));
        writable.map(|line| self.copies_in(&memory, line.split(' ').next().unwrap())).sum()
    }

    fn copies_in(&self, memory: &File, range: &str) -> usize {
        let ends = range.split('-').map(|end| u64::from_str_radix(end, 16).unwrap()).collect::<Vec<_>>();
        let (mut start, mut found, mut chunk) = (ends[0], 0, vec![0; 1 << 20]);
        while start < ends[1] {
            let wanted = usize::try_from(ends[1] - start).unwrap().min(chunk.len());
            // Pages come and go while others run.
            let Ok(read) = memory.read_at(&mut chunk[..wanted], start) else { break };
            found += self.count(&chunk[..read]);
            start += u64::try_from(read.saturating_sub(self.tail().len()).max(1)).unwrap();
            if read < chunk.len() {
                break;
            }
        }
        found
    }

    fn count(&self, mut bytes: &[u8]) -> usize {
        let (first, mut found) = (self.tail()[0] ^ MASK, 0);
        while let Some(at) = bytes.iter().position(|byte| *byte == first) {
            bytes = &bytes[at..];
            let is_here = bytes.len() >= self.tail().len()
                && bytes.iter().zip(self.tail()).all(|(byte, masked)| byte ^ MASK == *masked);
            found += usize::from(is_here);
            bytes = &bytes[1..];
        }
        found
    }
}

/// Randomness that brings about a known verifier.
#[derive(Debug)]
struct Known;

impl Entropy for Known {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        let mut step = 0_u8;
        for (byte, id) in bytes.iter_mut().zip(std::process::id().to_ne_bytes().into_iter().cycle()) {
            step = step.wrapping_add(37);
            *byte = id ^ step;
        }
        Ok(())
    }
}

/// A service that answers an exchange with this status, and repeats code and key in the body.
fn client(status: Option<u16>, code: Masked, key: Masked) -> Client {
    let answer = move |_, _| {
        let mut body = WipedBuffer::with_capacity(512);
        body.extend_from_slice(br#"{"key":""#);
        body.extend_from_slice(key.take().as_bytes());
        body.extend_from_slice(br#"","user_id":null,"error":{"code":400,"message":"No."}}"#);
        let _echo = code.take();
        let response = status.map(|status| {
            let mut response = Response::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        std::future::ready(response.ok_or_else(|| transport::Error::from(ErrorKind::Io)))
    };
    Client::builder().transport(from_fn(answer)).timer(ManualTimer::new()).entropy(Known).build().unwrap()
}

/// A whole sign-in; what comes of it is told in a word.
async fn sign_in(status: Option<u16>, code: &Masked, key: &Masked, is_stored: bool) -> &'static str {
    let client = client(status, code.clone(), key.clone());
    let callback = openrouter_oauth::CallbackUrl::parse("https://my.app/callback").unwrap();
    let (_, mut pending) = client.authorize(callback).begin().unwrap();
    if is_stored {
        let secret = pending.into_secret_json().unwrap();
        pending = Pending::from_secret_json(secret.expose()).unwrap();
    }
    let mut target = Zeroizing::new(String::with_capacity(256));
    target.push_str("/callback/");
    target.push_str(pending.nonce().unwrap());
    target.push_str("?code=");
    target.push_str(&code.take());
    let read: AuthorizationCode = pending.read_callback(&target).unwrap();
    assert_eq!(pending.read_pasted(&code.take()).unwrap(), read);
    match pending.exchange(&client, &read).await {
        Ok(grant) => {
            let same = ApiKey::parse(&key.take()).unwrap();
            assert_eq!(grant.key, same);
            let _kept = client.with_key(grant.key);
            "granted"
        }
        Err(Error::Api(_)) => "refused",
        Err(error) if error.is_outcome_unknown() => "unknown",
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_code_a_verifier_and_a_key() {
    // S-2: in memory that is ours, on every way out, and without an allocator that zeroes on free.
    assert_what_is_not_wiped_is_found();
    let (verifier, _) = Pkce::generate_from(&Known).unwrap().into_parts();
    let masked = Masked::of(verifier.expose());
    drop(verifier);
    for is_stored in [false, true] {
        for (status, outcome) in
            [(Some(200), "granted"), (Some(403), "refused"), (Some(500), "unknown"), (None, "unknown")]
        {
            let (code, key) = (Masked::random(), Masked::random());
            assert_eq!(sign_in(status, &code, &key, is_stored).await, outcome);
            let left = [&code, &key, &masked].map(Masked::copies);
            assert_eq!(left, [0, 0, 0], "code, key, verifier: {outcome}, stored: {is_stored}");
        }
    }
}

/// Not a test of its own: what reads the memory makes copies of what another has in use.
fn assert_what_is_not_wiped_is_found() {
    let (kept, freed) = (Masked::random(), Masked::random());
    assert_eq!([&kept, &freed].map(Masked::copies), [0, 0]);
    let text = kept.take();
    assert!(kept.copies() >= 1);
    drop(text);
    for _ in 0..32 {
        drop(std::hint::black_box(freed.take().to_string()));
    }
    assert!(freed.copies() >= 1);
}
