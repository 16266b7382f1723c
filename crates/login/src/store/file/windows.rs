//! The file and its folder, with the standard library only. Owners and modes are not checked, because Windows has
//! access lists instead.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::windows::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use super::path::{KeyPath, folder_of, io_error, unsafe_path, with_suffix};
use crate::StoreError;

/// The folder of a file.
#[derive(Debug)]
pub(super) struct Folder {
    /// The path of the file.
    path: PathBuf,
    /// How much longer [`while_held`](Self::while_held) may pause, in milliseconds.
    pauses_left: AtomicU64,
}

/// A lock, held from [`try_lock`](Self::try_lock) until it is dropped or the program ends.
pub(super) struct Lock {
    path: PathBuf,
    file: Option<File>,
}

/// How long a change waits, in all its steps together, while another program has a file open. Virus scanners and search
/// indexers open every new file, usually for less than this. The lock is held for this time, so it must be much shorter
/// than the wait for the lock.
const HELD_TIMEOUT: Duration = Duration::from_secs(2);

/// `ERROR_ACCESS_DENIED`. Also the error for replacing an open file, and for a file that is deleted once it is closed.
const ACCESS_DENIED: i32 = 5;

/// `ERROR_SHARING_VIOLATION`: another program has the file open.
const SHARING_VIOLATION: i32 = 32;

impl Folder {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), pauses_left: full_pauses().into() }
    }

    /// Returns the folder of `file`, if it exists.
    pub(super) fn open(file: &KeyPath) -> Result<Option<Self>, StoreError> {
        if file.path.file_name().is_none() {
            return Err(unsafe_path(&file.path, "it does not end in a file name"));
        }
        let parent = file.folder();
        match fs::symlink_metadata(parent) {
            Ok(found) if found.is_dir() => Ok(Some(Self::new(&file.path))),
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
        Ok(folder_of(path).is_dir().then(|| Self::new(path)))
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
        let found = match self.while_held(|| fs::symlink_metadata(&self.path)) {
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
        self.while_held(|| File::open(&self.path)).map(Some).map_err(failed)
    }

    /// Replaces the file atomically with one that has these bytes. Requires the lock.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let mut file = self.create_new(&new)?;
        let failed = match fill(&mut file, bytes) {
            Ok(()) => {
                let renamed = self.while_held(|| fs::rename(&new, &self.path));
                renamed.err().map(|error| (&self.path, "replaced", error))
            }
            Err(error) => Some((&new, "written", error)),
        };
        let Some((path, verb, error)) = failed else { return Ok(()) };
        // Another program that has the new file open can prevent its removal. Then at least the keys must not stay in
        // it. A file that is still open for writing can be emptied.
        let _ = file.set_len(0);
        drop(file);
        let failure = in_use(&new, &error).unwrap_or_else(|| failure(path, verb, error));
        // If this fails, the next change removes it.
        let _ = self.remove_left_over();
        Err(failure)
    }

    /// Writes, syncs, and removes a file of this size next to the real one, to find out whether
    /// [`replace`](Self::replace) can work. Requires the lock.
    pub(super) fn probe(&self, size: usize) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let written = fill(&mut self.create_new(&new)?, &vec![b' '; size]);
        let removed = self.remove_left_over();
        written.map_err(|error| failure(&new, "written", error)).and(removed)
    }

    /// Creates the file with these bytes. Fails if it exists.
    pub(super) fn create_file(&self, bytes: &[u8]) -> Result<(), StoreError> {
        // A change of its own, even if an earlier one had to wait: it may restore the only copy of a secret.
        self.pauses_left.store(full_pauses(), Ordering::Relaxed);
        let mut file = self.create_new(&self.path)?;
        let written = fill(&mut file, bytes);
        drop(file);
        if written.is_err() {
            // Part of the bytes may have been written.
            let _ = self.remove_at(&self.path);
        }
        written.map_err(|error| failure(&self.path, "written", error))
    }

    /// Removes the file. Fails if it does not exist, so that of two programs only one succeeds.
    pub(super) fn remove_existing(&self) -> Result<(), StoreError> {
        self.while_held(|| fs::remove_file(&self.path)).map_err(|error| failure(&self.path, "removed", error))
    }

    /// Does nothing: only a file can be synced.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as on Unix")]
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes the file. Requires the lock.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        self.remove_at(&self.path)
    }

    /// Removes the file that a killed change left. Requires the lock.
    pub(super) fn remove_left_over(&self) -> Result<(), StoreError> {
        self.remove_at(&with_suffix(&self.path, ".new"))
    }

    fn remove_at(&self, path: &Path) -> Result<(), StoreError> {
        match self.while_held(|| fs::remove_file(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure(path, "removed", error)),
            _ => Ok(()),
        }
    }

    /// Creates an empty file that must not exist yet.
    fn create_new(&self, path: &Path) -> Result<File, StoreError> {
        self.while_held(|| OpenOptions::new().write(true).create_new(true).open(path))
            .map_err(|error| failure(path, "written", error))
    }

    /// Repeats an operation that fails because another program may have the file open. All operations of a change share
    /// the time for that.
    fn while_held<T>(&self, mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let mut pause = 1;
        loop {
            let done = operation();
            let left = self.pauses_left.load(Ordering::Relaxed);
            if left == 0 || !done.as_ref().is_err_and(may_be_held) {
                return done;
            }
            pause = left.min(pause);
            thread::sleep(Duration::from_millis(pause));
            self.pauses_left.store(left - pause, Ordering::Relaxed);
            pause = (pause * 2).min(100);
        }
    }
}

/// Returns the time that a change may pause, in milliseconds.
fn full_pauses() -> u64 {
    u64::try_from(HELD_TIMEOUT.as_millis()).unwrap_or(u64::MAX)
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

/// Writes and syncs a new file.
fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Returns whether the cause may be a program that has the file open.
fn may_be_held(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION))
}

/// Returns the error for an operation of [`Folder::while_held`]. "Access is denied" alone would make the user look at
/// permissions, even if a program that still has the file open is the cause.
fn failure(path: &Path, verb: &'static str, error: io::Error) -> StoreError {
    in_use(path, &error).unwrap_or_else(|| io_error(path, verb, error))
}

/// Returns the error for a file that is still open, if that may be the cause of `error`. This program must have closed
/// the file.
fn in_use(path: &Path, error: &io::Error) -> Option<StoreError> {
    let is_cause = may_be_held(error) && is_open_elsewhere(path);
    is_cause.then(|| StoreError::InUse { path: path.to_owned(), after: HELD_TIMEOUT })
}

/// Returns whether any program, including this one, has the file open.
fn is_open_elsewhere(path: &Path) -> bool {
    let opened = OpenOptions::new().read(true).share_mode(0).open(path);
    opened.is_err_and(|error| error.raw_os_error() == Some(SHARING_VIOLATION))
}
