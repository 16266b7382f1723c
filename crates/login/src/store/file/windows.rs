//! The file and its folder, as far as the standard library goes: without owners and modes, which are access lists here.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::windows::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::path::{folder_of, io_error, unsafe_path, with_suffix};
use crate::StoreError;

/// The folder of a file.
pub(super) struct Folder {
    /// Of the file.
    path: PathBuf,
}

/// Held from [`try_lock`](Self::try_lock) until it is dropped, or the program ends.
pub(super) struct Lock {
    path: PathBuf,
    file: Option<File>,
}

/// Somebody else has it open (`ERROR_SHARING_VIOLATION`).
const SHARING_VIOLATION: i32 = 32;

impl Folder {
    /// The folder of the file at `path`, if there is one.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if path.file_name().is_none() {
            return Err(unsafe_path(path, "it does not end in the name of a file"));
        }
        let parent = folder_of(path);
        match fs::symlink_metadata(parent) {
            Ok(found) if found.is_dir() => Ok(Some(Self { path: path.to_owned() })),
            Ok(_) => Err(unsafe_path(
                parent,
                "it is a symbolic link, or no folder; give the path that it leads to",
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(parent, "opened", error)),
        }
    }

    /// The folder of the file at `path`, which is made if there is none.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let parent = folder_of(path);
        fs::create_dir_all(parent).map_err(|error| io_error(parent, "made", error))?;
        Self::open(path)?.ok_or_else(|| io_error(parent, "made", io::ErrorKind::NotFound.into()))
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lock, not yet taken.
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn open_lock(&self) -> Result<Lock, StoreError> {
        Ok(Lock { path: with_suffix(&self.path, ".lock"), file: None })
    }

    /// The file, to be read, if there is one.
    pub(super) fn open_file(&self) -> Result<Option<File>, StoreError> {
        let failed = |error| io_error(&self.path, "read", error);
        let found = match fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !found.is_file() {
            return Err(unsafe_path(&self.path, "it is no regular file; remove it, or choose another path"));
        }
        File::open(&self.path).map(Some).map_err(failed)
    }

    /// Puts a file with these bytes in the place of the one before, in one step. Needs the lock.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let written = OpenOptions::new().write(true).create_new(true).open(&new).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let replaced = written.map_err(|error| io_error(&new, "written", error)).and_then(|()| {
            fs::rename(&new, &self.path).map_err(|error| io_error(&self.path, "replaced", error))
        });
        if replaced.is_err() {
            // If it cannot be removed now, the next change does it.
            let _ = self.remove_left_over();
        }
        replaced
    }

    /// Removes the file. Needs the lock.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove(&self.path)
    }

    /// Removes what a change left that was killed. Needs the lock.
    pub(super) fn remove_left_over(&self) -> Result<(), StoreError> {
        remove(&with_suffix(&self.path, ".new"))
    }
}

impl Lock {
    /// Whether it could be taken: the file cannot be opened a second time while it is open.
    pub(super) fn try_lock(&mut self) -> Result<bool, StoreError> {
        match OpenOptions::new().write(true).create(true).truncate(false).share_mode(0).open(&self.path) {
            Ok(file) => self.file = Some(file),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => {}
            Err(error) => return Err(io_error(&self.path, "locked", error)),
        }
        Ok(self.file.is_some())
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path, "removed", error)),
        _ => Ok(()),
    }
}
