//! The file and its folder, with the standard library only. Owners and modes are not checked, because Windows has
//! access lists instead.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::windows::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::path::{KeyPath, folder_of, io_error, unsafe_path, with_suffix};
use crate::StoreError;

/// The folder of a file.
#[derive(Debug)]
pub(super) struct Folder {
    /// The path of the file.
    path: PathBuf,
}

/// A lock, held from [`try_lock`](Self::try_lock) until it is dropped or the program ends.
pub(super) struct Lock {
    path: PathBuf,
    file: Option<File>,
}

/// How long an operation is repeated while another program has the file open. Virus scanners and search indexers open
/// every new file, usually for less than this.
const HELD_TIMEOUT: Duration = Duration::from_secs(2);

/// `ERROR_ACCESS_DENIED`. Also the error for replacing an open file, and for a file that is deleted once it is closed.
const ACCESS_DENIED: i32 = 5;

/// `ERROR_SHARING_VIOLATION`: another program has the file open.
const SHARING_VIOLATION: i32 = 32;

impl Folder {
    /// Returns the folder of `file`, if it exists.
    pub(super) fn open(file: &KeyPath) -> Result<Option<Self>, StoreError> {
        if file.path.file_name().is_none() {
            return Err(unsafe_path(&file.path, "it does not end in a file name"));
        }
        let parent = file.folder();
        match fs::symlink_metadata(parent) {
            Ok(found) if found.is_dir() => Ok(Some(Self { path: file.path.clone() })),
            Ok(_) => Err(unsafe_path(
                parent,
                "it is a symbolic link or not a folder; use the real path of a folder",
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(parent, "opened", error)),
        }
    }

    /// Returns the folder of the file at `path`, if it exists. Its path may be a link.
    pub(super) fn open_shared(path: &Path) -> Result<Option<Self>, StoreError> {
        if path.file_name().is_none() {
            return Err(unsafe_path(path, "it does not end in a file name"));
        }
        Ok(folder_of(path).is_dir().then(|| Self { path: path.to_owned() }))
    }

    /// Returns the folder of `file`, and creates it if necessary.
    pub(super) fn create(file: &KeyPath) -> Result<Self, StoreError> {
        if let Some(folder) = Self::open(file)? {
            return Ok(folder);
        }
        let parent = file.folder();
        fs::create_dir_all(parent).map_err(|error| io_error(parent, "created", error))?;
        Self::open(file)?.ok_or_else(|| io_error(parent, "created", io::ErrorKind::NotFound.into()))
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the lock with this suffix, not yet taken.
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(super) fn open_lock(&self, suffix: &str) -> Result<Lock, StoreError> {
        Ok(Lock { path: with_suffix(&self.path, suffix), file: None })
    }

    /// Opens the file for reading, if it exists.
    pub(super) fn open_file(&self) -> Result<Option<File>, StoreError> {
        let failed = |error| failure(&self.path, "read", error);
        let found = match while_held(|| fs::symlink_metadata(&self.path)) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !found.is_file() {
            return Err(unsafe_path(
                &self.path,
                "it is not a regular file; remove it, or choose another path",
            ));
        }
        while_held(|| File::open(&self.path)).map(Some).map_err(failed)
    }

    /// Replaces the file atomically with one that has these bytes. Requires the lock.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let replaced = write(&new, bytes).and_then(|()| {
            while_held(|| fs::rename(&new, &self.path))
                .map_err(|error| failure(&self.path, "replaced", error))
        });
        if replaced.is_err() {
            // If this fails, the next change removes it.
            let _ = self.remove_left_over();
        }
        replaced
    }

    /// Writes, syncs, and removes a file of this size next to the real one, to find out whether
    /// [`replace`](Self::replace) can work. Requires the lock.
    pub(super) fn probe(&self, size: usize) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let probed = write(&new, &vec![b' '; size]).and_then(|()| self.remove_left_over());
        if probed.is_err() {
            // If this fails, the next change removes it.
            let _ = self.remove_left_over();
        }
        probed
    }

    /// Creates the file with these bytes. Fails if it exists.
    pub(super) fn create_file(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |error| failure(&self.path, "written", error);
        let mut file = create_new(&self.path).map_err(failed)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            drop(file);
            // Part of the bytes may have been written.
            let _ = remove(&self.path);
        }
        written.map_err(failed)
    }

    /// Removes the file. Fails if it does not exist, so that of two programs only one succeeds.
    pub(super) fn remove_existing(&self) -> Result<(), StoreError> {
        while_held(|| fs::remove_file(&self.path)).map_err(|error| failure(&self.path, "removed", error))
    }

    /// Does nothing: only a file can be synced.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as on Unix")]
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes the file. Requires the lock.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove(&self.path)
    }

    /// Removes the file that a killed change left. Requires the lock.
    pub(super) fn remove_left_over(&self) -> Result<(), StoreError> {
        remove(&with_suffix(&self.path, ".new"))
    }
}

impl Lock {
    /// Tries to take the lock, and returns whether it succeeded. The file cannot be opened a second time while it is
    /// open.
    pub(super) fn try_lock(&mut self) -> Result<bool, StoreError> {
        match OpenOptions::new().write(true).create(true).truncate(false).share_mode(0).open(&self.path) {
            Ok(file) => self.file = Some(file),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => {}
            Err(error) => return Err(io_error(&self.path, "locked", error)),
        }
        Ok(self.file.is_some())
    }
}

/// Writes a file that must not exist yet.
fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let written = create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| failure(path, "written", error))
}

/// Creates an empty file that must not exist yet.
fn create_new(path: &Path) -> io::Result<File> {
    while_held(|| OpenOptions::new().write(true).create_new(true).open(path))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match while_held(|| fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure(path, "removed", error)),
        _ => Ok(()),
    }
}

/// Repeats an operation that fails because another program may have the file open.
fn while_held<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let done = operation();
        if !done.as_ref().is_err_and(may_be_held) || start.elapsed() >= HELD_TIMEOUT {
            return done;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// Returns whether the cause may be a program that has the file open.
fn may_be_held(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION))
}

/// Returns the error for an operation of [`while_held`]. "Access is denied" alone would make the user look at
/// permissions, even if a program that still has the file open is the cause.
fn failure(path: &Path, verb: &'static str, error: io::Error) -> StoreError {
    if may_be_held(&error) && is_open_elsewhere(path) {
        return StoreError::InUse { path: path.to_owned(), after: HELD_TIMEOUT };
    }
    io_error(path, verb, error)
}

/// Returns whether any program, including this one, has the file open.
fn is_open_elsewhere(path: &Path) -> bool {
    let opened = OpenOptions::new().read(true).share_mode(0).open(path);
    opened.is_err_and(|error| error.raw_os_error() == Some(SHARING_VIOLATION))
}
