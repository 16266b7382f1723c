//! The file with the port of a running emulator, for programs that wait for it.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use crate::exit::Failure;

/// The file, which is removed when this is dropped, unless it then contains another port.
pub(crate) struct PortFile {
    path: PathBuf,
    content: String,
}

impl PortFile {
    /// Writes the port and a newline. Replaces the file as a whole, so that no reader sees a part of it.
    pub(crate) fn create(path: &Path, port: u16) -> Result<Self, Failure> {
        let content = format!("{port}\n");
        match replace(path, &content) {
            Ok(()) => Ok(Self { path: path.to_owned(), content }),
            Err(source) => Err(Failure::File { path: path.to_owned(), action: "write", source }),
        }
    }
}

impl Drop for PortFile {
    fn drop(&mut self) {
        if is_regular_file(&self.path)
            && fs::read(&self.path).is_ok_and(|content| content == self.content.as_bytes())
        {
            // If this fails, the file is stale, as after a crash.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    // Otherwise, root would replace a device such as /dev/null.
    if path.symlink_metadata().is_ok() && !is_regular_file(path) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is not a regular file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // The errors of `tempfile` would show the name of the temporary file.
    let mut file = temporary_file(folder).map_err(|error| error.kind())?;
    file.as_file_mut().write_all(content.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn is_regular_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Creates a file that is removed unless it is persisted, with the usual mode, because the port is not a secret.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".port-").tempfile_in(folder)
}
