//! The file and its folder. The folder is opened and checked once, and all operations use the open folder, so that no
//! key ends up in a folder that has replaced it.

use std::{
    ffi::OsStr,
    fs::{DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, CWD, FlockOperation, Mode, OFlags},
    io::Errno,
    process::geteuid,
};

use super::path::{KeyPath, folder_of, io_error, unsafe_path, with_suffix};
use crate::StoreError;

/// An open folder. Only the user has access to it, unless it is from [`open_shared`](Self::open_shared).
#[derive(Debug)]
pub(super) struct Folder {
    folder: File,
    /// The path of the file.
    path: PathBuf,
}

/// A lock, held from [`try_lock`](Self::try_lock) until it is dropped or the program ends.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

const OWN_FOLDER: u32 = 0o700;
const OWN_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

impl Folder {
    /// Opens the folder of `file`, if it exists.
    pub(super) fn open(file: &KeyPath) -> Result<Option<Self>, StoreError> {
        let Some(folder) = Self::open_with(&file.path, OFlags::NOFOLLOW)? else { return Ok(None) };
        let parent = file.folder();
        let found = folder.folder.metadata().map_err(|error| io_error(parent, "opened", error))?;
        if found.uid() != geteuid().as_raw() {
            return Err(unsafe_path(parent, FOREIGN));
        }
        if found.mode() & 0o077 != 0 {
            return Err(unsafe_path(
                parent,
                if file.has_key_folder { SHARED_KEY_FOLDER } else { SHARED_FOLDER },
            ));
        }
        Ok(Some(folder))
    }

    /// Opens the folder of the file at `path`, if it exists. Other users may have access to it, and its path may be a
    /// link.
    pub(super) fn open_shared(path: &Path) -> Result<Option<Self>, StoreError> {
        Self::open_with(path, OFlags::empty())
    }

    fn open_with(path: &Path, flags: OFlags) -> Result<Option<Self>, StoreError> {
        if path.file_name().is_none() {
            return Err(unsafe_path(path, "it does not end in a file name"));
        }
        let parent = folder_of(path);
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match fs::openat(CWD, parent, flags, Mode::empty()) {
            Ok(folder) => Ok(Some(Self { folder: File::from(folder), path: path.to_owned() })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(unsafe_path(
                parent,
                "it is a symbolic link or not a folder; use the real path of a folder",
            )),
            Err(error) => Err(io_error(parent, "opened", error.into())),
        }
    }

    /// Opens the folder of `file`, and creates it if necessary.
    pub(super) fn create(file: &KeyPath) -> Result<Self, StoreError> {
        if let Some(folder) = Self::open(file)? {
            return Ok(folder);
        }
        let parent = file.folder();
        create_folder(parent).map_err(|error| io_error(parent, "created", error))?;
        Self::open(file)?.ok_or_else(|| io_error(parent, "created", io::ErrorKind::NotFound.into()))
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the lock file with this suffix without locking it. The file stays after the lock is released, because
    /// removing it would let two programs each hold a lock.
    pub(super) fn open_lock(&self, suffix: &str) -> Result<Lock, StoreError> {
        let path = with_suffix(&self.path, suffix);
        let failed = |error: Errno| io_error(&path, "opened", error.into());
        let file =
            self.open_own(&path, OFlags::RDWR | OFlags::CREATE)?.ok_or_else(|| failed(Errno::NOENT))?;
        // The umask may have removed permissions that the next program needs.
        fs::fchmod(&file, OWN_FILE).map_err(failed)?;
        Ok(Lock { file, path })
    }

    /// Opens the file for reading, if it exists.
    pub(super) fn open_file(&self) -> Result<Option<File>, StoreError> {
        self.open_own(&self.path, OFlags::RDONLY)
    }

    /// Replaces the file atomically with one that has these bytes. Requires the lock.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let replaced = self.write(&new, bytes).and_then(|()| {
            fs::renameat(&self.folder, name(&new), &self.folder, name(&self.path))
                .map_err(|error| io_error(&self.path, "replaced", error.into()))
        });
        if replaced.is_err() {
            // If this fails, the next change removes it.
            let _ = self.remove_left_over();
        }
        replaced?;
        self.sync()
    }

    /// Writes, syncs, and removes a file of this size next to the real one, to find out whether
    /// [`replace`](Self::replace) can work. Requires the lock.
    pub(super) fn probe(&self, size: usize) -> Result<(), StoreError> {
        let new = with_suffix(&self.path, ".new");
        let probed = self.write(&new, &vec![b' '; size]).and_then(|()| self.remove_left_over());
        if probed.is_err() {
            // If this fails, the next change removes it.
            let _ = self.remove_left_over();
        }
        probed?;
        self.sync()
    }

    /// Creates the file with these bytes. Fails if it exists.
    pub(super) fn create_file(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let file = self.create_new(&self.path)?;
        let created = fill(file, &self.path, bytes).and_then(|()| self.sync());
        if created.is_err() {
            // Part of the bytes may have been written.
            let _ = self.unlink(&self.path);
        }
        created
    }

    /// Removes the file without syncing its folder. Fails if it does not exist, so that of two programs only one
    /// succeeds.
    pub(super) fn remove_existing(&self) -> Result<(), StoreError> {
        fs::unlinkat(&self.folder, name(&self.path), AtFlags::empty())
            .map_err(|error| io_error(&self.path, "removed", error.into()))
    }

    /// Removes the file. Requires the lock.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        self.unlink(&self.path)?;
        self.sync()
    }

    /// Removes the file that a killed change left. Requires the lock.
    pub(super) fn remove_left_over(&self) -> Result<(), StoreError> {
        self.unlink(&with_suffix(&self.path, ".new"))
    }

    /// Writes a file that must not exist yet.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        fill(self.create_new(path)?, path, bytes)
    }

    /// Creates an empty file that must not exist yet.
    fn create_new(&self, path: &Path) -> Result<File, StoreError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&self.folder, name(path), flags, OWN_FILE);
        file.map(File::from).map_err(|error| io_error(path, "written", error.into()))
    }

    /// Opens a file if only the user has access. Does not wait for the other end of a pipe.
    fn open_own(&self, path: &Path, flags: OFlags) -> Result<Option<File>, StoreError> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match fs::openat(&self.folder, name(path), flags, OWN_FILE) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(unsafe_path(path, "it is a symbolic link; remove it")),
            Err(Errno::NXIO | Errno::ISDIR) => return Err(unsafe_path(path, NO_FILE)),
            Err(error) => return Err(io_error(path, "opened", error.into())),
        };
        let found = file.metadata().map_err(|error| io_error(path, "opened", error))?;
        let problem = if !found.is_file() {
            NO_FILE
        } else if found.uid() != geteuid().as_raw() {
            FOREIGN
        } else if found.mode() & 0o077 != 0 {
            "other users have access to it; remove that access with `chmod 600`"
        } else if found.nlink() > 1 {
            "it has a second name (a hard link); remove the other name"
        } else {
            return Ok(Some(file));
        };
        Err(unsafe_path(path, problem))
    }

    fn unlink(&self, path: &Path) -> Result<(), StoreError> {
        match fs::unlinkat(&self.folder, name(path), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(io_error(path, "removed", error.into())),
        }
    }

    /// Syncs the folder, so that its changes survive a crash.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        sync(&self.folder).map_err(|error| io_error(folder_of(&self.path), "synced", error))
    }
}

impl Lock {
    /// Tries to take the lock, and returns whether it succeeded. The lock belongs to the open file, so it also excludes
    /// other threads.
    pub(super) fn try_lock(&mut self) -> Result<bool, StoreError> {
        match fs::flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
            Err(error) => Err(io_error(&self.path, "locked", error.into())),
        }
    }
}

/// Writes and syncs a new file.
fn fill(mut file: File, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    // The umask may have removed permissions that the next program needs.
    let written = fs::fchmod(&file, OWN_FILE).map_err(io::Error::from);
    let written = written.and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all());
    written.map_err(|error| io_error(path, "written", error))
}

/// Creates a folder and the folders above it, and syncs each.
fn create_folder(folder: &Path) -> io::Result<()> {
    let create = || DirBuilder::new().mode(OWN_FOLDER).create(folder);
    let created = create().or_else(|error| match folder.parent() {
        Some(above) if error.kind() == io::ErrorKind::NotFound => {
            create_folder(above)?;
            create()
        }
        _ => Err(error),
    });
    match created {
        Ok(()) => {
            // The umask may have removed permissions that the owner needs.
            std::fs::set_permissions(folder, Permissions::from_mode(OWN_FOLDER))?;
            sync(&File::open(folder_of(folder))?)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync(folder: &File) -> io::Result<()> {
    match fs::fsync(folder) {
        // Some file systems cannot sync a folder.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns the name of a file in its folder.
fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

const FOREIGN: &str = "it belongs to another user; run the program as that user, or choose another path";
const SHARED_KEY_FOLDER: &str = "other users have access to it; remove that access with `chmod 700`";
const SHARED_FOLDER: &str =
    "other users have access to it; choose a path in a new folder, which will be created for this user only";
const NO_FILE: &str = "it is not a regular file; remove it, or choose another path";
