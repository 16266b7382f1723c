//! The environment variables that replace the system's root certificates.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use openrouter_oauth_transport::BoxError;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// A variable whose root certificates cannot be used.
#[derive(Debug)]
pub(crate) struct Problem {
    variable: &'static str,
    path: PathBuf,
    /// The error from reading the path. `None` if it contains no certificate.
    error: Option<io::Error>,
}

/// Returns the first problem with the variables. The certificate loader ignores a problem as long as it finds at least
/// one certificate.
pub(crate) fn problem() -> Option<Problem> {
    let file = env::var_os(FILE).map(PathBuf::from);
    let folders = env::var_os(FOLDERS).unwrap_or_default();
    let folders = env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty());
    file.and_then(problem_of_file).or_else(|| problem_of_folders(folders.collect()))
}

fn problem_of_file(path: PathBuf) -> Option<Problem> {
    if fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A pipe, which can be read only once.
        return None;
    }
    let found = count_certificates(&path);
    problem_of(FILE, path, found)
}

/// A folder without certificates is only a problem if no other folder has one.
fn problem_of_folders(folders: Vec<PathBuf>) -> Option<Problem> {
    let mut found = 0;
    for folder in &folders {
        match count_in_folder(folder) {
            Ok(count) => found += count,
            Err(error) => return problem_of(FOLDERS, folder.clone(), Err(error)),
        }
    }
    problem_of(FOLDERS, folders.into_iter().next()?, Ok(found))
}

fn problem_of(variable: &'static str, path: PathBuf, found: io::Result<usize>) -> Option<Problem> {
    match found {
        Ok(0) => Some(Problem { variable, path, error: None }),
        Ok(_) => None,
        Err(error) => Some(Problem { variable, path, error: Some(error) }),
    }
}

fn count_in_folder(folder: &Path) -> io::Result<usize> {
    let files = fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path()));
    Ok(files.filter(|file| file.is_file()).filter_map(|file| count_certificates(&file).ok()).sum())
}

fn count_certificates(path: &Path) -> io::Result<usize> {
    let pem = fs::read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    Ok(RootCertStore::empty().add_parsable_certificates(certificates).0)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, path, error } = self;
        let path = path.display().to_string();
        match error {
            Some(error) => write!(f, "{variable} is set to {path:?}, which could not be read: {error}"),
            None => write!(f, "{variable} is set to {path:?}, which contains no certificate in PEM form"),
        }
    }
}

/// The error for a TLS connection that failed because of a [`Problem`].
#[derive(Debug)]
pub(crate) struct UnusableRoots {
    pub(crate) problem: Problem,
    pub(crate) source: BoxError,
}

impl fmt::Display for UnusableRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.problem, f)
    }
}

impl std::error::Error for UnusableRoots {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
