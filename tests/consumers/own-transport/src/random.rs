//! Random bytes without the crate `getrandom`.

use std::{fs::File, io::Read};

use openrouter_oauth::Entropy;
use openrouter_oauth_transport::BoxError;

/// The random generator of Unix, read as a file.
#[derive(Debug)]
pub(crate) struct DevUrandom;

impl Entropy for DevUrandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        Ok(File::open("/dev/urandom")?.read_exact(bytes)?)
    }
}
