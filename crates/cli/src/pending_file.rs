//! A pending sign-in in a file that its owner alone can read.
//!
//! It is taken out before the exchange and put back only if it can be used again, so that two programs, or a second try
//! after the power went, cannot send its code twice.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
};

use openrouter_oauth::{AnySignIn, PendingSecret};
use zeroize::Zeroizing;

use crate::exit::Failure;

/// More than a stored sign-in with the longest callback URL.
const MAX_BYTES: u64 = 16 * 1024;

/// Writes a new file, with mode 0600 where there are modes. A file that exists is left as it is.
pub(crate) fn create(path: &Path, secret: &PendingSecret) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| writeln!(file, "{}", secret.expose()))
        .map_err(|source| failure(path, "written", source))
}

/// Reads a file and leaves it in its place.
pub(crate) fn read(path: &Path) -> Result<AnySignIn, Failure> {
    // In its final size: growing would leave copies behind.
    let mut json = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default()));
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut json))
        .map_err(|source| failure(path, "read", source))?;
    Ok(AnySignIn::from_secret_json(json.trim_end())?)
}

/// Takes the file away.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|source| failure(path, "removed, which comes before the exchange", source))
}

fn failure(path: &Path, verb: &'static str, source: io::Error) -> Failure {
    Failure::File { path: path.to_owned(), verb, source }
}
