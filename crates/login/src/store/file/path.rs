//! Paths of a store's files, and errors about them.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// The path of a key file.
#[derive(Clone, Debug)]
pub(super) struct KeyPath {
    pub(super) path: PathBuf,
    /// Whether the file's folder exists only for keys, so that advice may say to change its permissions.
    #[cfg_attr(windows, expect(dead_code, reason = "there, modes are not checked"))]
    pub(super) has_key_folder: bool,
}

impl KeyPath {
    pub(super) fn folder(&self) -> &Path {
        folder_of(&self.path)
    }
}

/// Returns `path` with `suffix` after the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Returns the folder of the file at `path`.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn unsafe_path(path: &Path, problem: &'static str) -> StoreError {
    StoreError::Unsafe { path: path.to_owned(), problem }
}

pub(super) fn io_error(path: &Path, verb: &'static str, source: io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), verb, source }
}
