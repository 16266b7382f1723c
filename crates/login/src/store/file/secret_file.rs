//! A file with a secret that is not a key.

use std::{io, path::Path};

use zeroize::Zeroizing;

use super::{
    Folder,
    path::{folder_of, io_error},
    read_whole,
};
use crate::StoreError;

/// A file with a secret, for the command of this workspace. It is not part of the API.
///
/// The file gets the same care as the file of a [`FileStore`](crate::FileStore), but its folder does not: the user
/// chooses the folder, which other users may be able to read.
#[derive(Debug)]
pub struct SecretFile(Folder);

impl SecretFile {
    /// Opens the folder of the file at `path`. The file does not need to exist.
    ///
    /// # Errors
    ///
    /// If the folder does not exist, or the path has no file name.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        let folder = Folder::open_shared(path)?;
        let missing = || io_error(folder_of(path), "opened", io::ErrorKind::NotFound.into());
        folder.map(Self).ok_or_else(missing)
    }

    /// Creates the file with mode 0600, and syncs it and its folder.
    ///
    /// # Errors
    ///
    /// If the path exists, even as a link. If writing fails, no file is left.
    pub fn create(&self, secret: &[u8]) -> Result<(), StoreError> {
        self.0.create_file(secret)
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If the file is missing, too large, a link, or not a regular file, or if another user owns it or has access.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let path = self.0.path();
        let failed = |error| io_error(path, "read", error);
        let file = self.0.open_file()?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let too_large = || failed(io::ErrorKind::FileTooLarge.into());
        read_whole(file).map_err(failed)?.ok_or_else(too_large)
    }

    /// Removes the file. Until [`sync`](Self::sync) succeeds, it can reappear after a crash.
    ///
    /// # Errors
    ///
    /// If the file does not exist. If two programs remove it, only one succeeds.
    pub fn remove(&self) -> Result<(), StoreError> {
        self.0.remove_existing()
    }

    /// Syncs the folder.
    ///
    /// # Errors
    ///
    /// If the folder cannot be synced.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}
