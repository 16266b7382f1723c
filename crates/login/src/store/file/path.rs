//! Paths of a store's files, and errors about them.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// Returns `path` with `suffix` after the file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn unsafe_path(path: &Path, problem: &'static str) -> StoreError {
    StoreError::Unsafe { path: path.to_owned(), problem }
}

pub(super) fn io_error(path: &Path, verb: &'static str, source: io::Error) -> StoreError {
    StoreError::Io { path: path.to_owned(), verb, source }
}
