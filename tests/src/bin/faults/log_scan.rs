//! Searches the output of the test suite, and the files that it left, for canaries and keys.

use std::{
    fs,
    path::{Path, PathBuf},
};

use openrouter_oauth_tests::{Result, canary};

use crate::{operation::OWN_KEY, secret_forms::SecretForms};

/// Searches files and folders. Returns whether they are free of secrets.
pub(crate) fn run(paths: &[&str]) -> Result<bool> {
    let secret_forms = SecretForms::new(&[&canary::ALL[..], &[OWN_KEY]].concat());
    let mut files = Vec::new();
    for path in paths {
        collect_files(Path::new(path), &mut files)?;
    }
    let (mut bytes, mut found) = (0, 0);
    for file in &files {
        let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
        bytes += text.len();
        let shown = secret_forms.find(&text).or_else(|| issued_key(&text));
        if let Some(form) = shown {
            found += 1;
            println!("{} contains {form}", file.display());
        }
    }
    println!("secrets: {} files, {} KiB, {found} with a secret", files.len(), bytes / 1024);
    // An empty log means that the suite did not run.
    if bytes == 0 {
        return Err("there is nothing to search".into());
    }
    Ok(found == 0)
}

/// Collects `path` or all files under it. Does not follow links, and skips sockets.
fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_file() {
        files.push(path.to_owned());
    }
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            collect_files(&entry?.path(), files)?;
        }
    }
    Ok(())
}

/// Finds a key in the format that OpenRouter and the emulator issue.
fn issued_key(text: &str) -> Option<&'static str> {
    let mut parts = text.split("sk-or-v1-").skip(1);
    let is_key = |part: &str| part.bytes().take_while(u8::is_ascii_hexdigit).count() >= 64;
    parts.any(is_key).then_some("an issued key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canary_and_key_are_found_in_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        let deep = folder.path().join("deep");
        fs::create_dir(&deep).unwrap();
        assert!(run(&[root]).is_err());

        fs::write(deep.join("log"), "test a ... ok\nsk-or-v1-0e6f is an example\n").unwrap();
        assert!(run(&[root]).unwrap());
        for secret in [canary::VERIFIER.to_owned(), format!("key=sk-or-v1-{}", "0e".repeat(32))] {
            fs::write(deep.join("left"), secret).unwrap();
            assert!(!run(&[root]).unwrap());
        }
    }
}
