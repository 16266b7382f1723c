//! A pending sign-in in a file that only its owner can read.
//!
//! The file is removed before the exchange and restored only if the sign-in can be used again. Two programs, or a
//! retry after a power failure, therefore cannot send the code twice.

use std::{path::Path, str};

use openrouter_oauth::{AnySignIn, PendingSecret};
use openrouter_oauth_login::SecretFile;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// Writes a new file, with mode 0600 on Unix. Fails if the file exists.
pub(crate) fn create(path: &Path, secret: &PendingSecret) -> Result<(), Failure> {
    PendingFile::open(path)?.create(secret)
}

/// An existing or removed file.
pub(crate) struct PendingFile(SecretFile);

impl PendingFile {
    /// Opens the folder of the file.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self(SecretFile::new(path)?))
    }

    /// Writes a new file. Fails if the file exists.
    pub(crate) fn create(&self, secret: &PendingSecret) -> Result<(), Failure> {
        let secret = secret.expose();
        // Allocated at its final size, because growing would leave copies in memory.
        let mut line = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
        line.extend(secret.as_bytes());
        line.push(b'\n');
        Ok(self.0.create(&line)?)
    }

    /// Reads the file without removing it.
    pub(crate) fn read(&self) -> Result<AnySignIn, Failure> {
        let bytes = self.0.read()?;
        let json =
            str::from_utf8(&bytes).map_err(|_| Failure::Usage("the pending sign-in is not UTF-8 text"))?;
        Ok(AnySignIn::from_secret_json(json.trim_end())?)
    }

    /// Removes the file. Fails if another program has removed it.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        self.0.remove().map_err(Failure::PendingFile)
    }

    /// Syncs the folder, so that the removed file does not reappear after a power failure.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        self.0.sync().map_err(Failure::PendingFile)
    }
}
