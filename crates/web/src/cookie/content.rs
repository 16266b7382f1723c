//! The content of a cookie: a pending sign-in, or the outcome of one.

use std::time::{Duration, SystemTime};

use base64ct::{Base64UrlUnpadded, Encoding};
use openrouter_oauth::{CodeVerifier, PendingParts, models::State};
use zeroize::Zeroizing;

use crate::{outcome::FinalOutcome, return_to::ReturnTo};

/// What a pending sign-in needs in addition to the application's settings.
pub(crate) struct Pending {
    pub(crate) parts: PendingParts,
    /// The keyed hash of the subject that began it.
    pub(crate) subject: [u8; 32],
    pub(crate) return_to: ReturnTo,
    pub(crate) data: Vec<u8>,
}

/// The outcome of an attempt, for a browser that reloads its callback or goes back to it.
pub(crate) struct Ended {
    pub(crate) outcome: FinalOutcome,
    pub(crate) at: SystemTime,
    pub(crate) return_to: ReturnTo,
}

const STATE: usize = 16;
const VERIFIER: usize = 32;
const SUBJECT: usize = 32;

/// The length of a pending sign-in without its `return_to` and its data.
pub(crate) const FIXED: usize = SECONDS + STATE + VERIFIER + SUBJECT + LENGTH;

const SECONDS: usize = 8;
const LENGTH: usize = 2;

impl Pending {
    /// Returns `None` if the sign-in has other values than `begin` generates.
    pub(crate) fn write(&self) -> Option<Zeroizing<Vec<u8>>> {
        let return_to = self.return_to.as_str().as_bytes();
        let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED + return_to.len() + self.data.len()));
        bytes.extend_from_slice(&seconds(self.parts.begun_at).to_be_bytes());
        bytes.extend_from_slice(&*decode::<STATE>(self.parts.state.expose())?);
        bytes.extend_from_slice(&*decode::<VERIFIER>(self.parts.code_verifier.expose())?);
        bytes.extend_from_slice(&self.subject);
        bytes.extend_from_slice(&u16::try_from(return_to.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(return_to);
        bytes.extend_from_slice(&self.data);
        Some(bytes)
    }

    pub(crate) fn read(bytes: &[u8], attempt_id: &str, mount: &str) -> Option<Self> {
        let (begun_at, rest) = read_time(bytes)?;
        let (state, rest) = rest.split_first_chunk::<STATE>()?;
        let (verifier, rest) = rest.split_first_chunk::<VERIFIER>()?;
        let (subject, rest) = rest.split_first_chunk::<SUBJECT>()?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let (return_to, data) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let parts = PendingParts {
            attempt_id: attempt_id.to_owned(),
            state: State::parse(&encode(state)).ok()?,
            code_verifier: CodeVerifier::parse(&encode(verifier)).ok()?,
            begun_at,
            // A code that may have been used ends the attempt, so it is never stored.
            doubtful: false,
        };
        let return_to = read_return_to(return_to, mount)?;
        Some(Self { parts, subject: *subject, return_to, data: data.to_vec() })
    }
}

impl Ended {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = seconds(self.at).to_be_bytes().to_vec();
        bytes.push(self.outcome.as_byte());
        bytes.extend_from_slice(self.return_to.as_str().as_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8], mount: &str) -> Option<Self> {
        let (at, rest) = read_time(bytes)?;
        let (outcome, return_to) = rest.split_first()?;
        let outcome = FinalOutcome::from_byte(*outcome)?;
        Some(Self { outcome, at, return_to: read_return_to(return_to, mount)? })
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn read_time(bytes: &[u8]) -> Option<(SystemTime, &[u8])> {
    let (seconds, rest) = bytes.split_first_chunk::<SECONDS>()?;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_be_bytes(*seconds)))?;
    Some((time, rest))
}

fn read_return_to(bytes: &[u8], mount: &str) -> Option<ReturnTo> {
    ReturnTo::parse(std::str::from_utf8(bytes).ok()?, mount)
}

fn decode<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    let length = Base64UrlUnpadded::decode(text, &mut *bytes).ok()?.len();
    (length == N).then_some(bytes)
}

fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(Base64UrlUnpadded::encode_string(bytes))
}
