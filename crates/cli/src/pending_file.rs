//! A pending sign-in in a file that only its owner can read.
//!
//! The file is removed before the exchange and restored only if the sign-in can be used again. Two programs, or a
//! retry after a power failure, therefore cannot send the code twice.

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

/// Writes a new file, with mode 0600 on Unix. Fails if the file exists.
pub(crate) fn create(path: &Path, secret: &PendingSecret) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| writeln!(file, "{}", secret.expose()))
        .map_err(|source| failure(path, "write", source))
}

/// Reads the file without removing it.
pub(crate) fn read(path: &Path) -> Result<AnySignIn, Failure> {
    // Allocated at its final size, because growing would leave copies in memory.
    let mut json = Zeroizing::new(String::with_capacity(usize::try_from(MAX_BYTES).unwrap_or_default()));
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut json))
        .map_err(|source| failure(path, "read", source))?;
    Ok(AnySignIn::from_secret_json(json.trim_end())?)
}

/// Removes the file.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|source| Failure::PendingFile { path: path.to_owned(), source })
}

fn failure(path: &Path, action: &'static str, source: io::Error) -> Failure {
    Failure::File { path: path.to_owned(), action, source }
}
