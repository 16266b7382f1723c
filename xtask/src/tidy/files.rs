//! The files of the repository.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use crate::result::Result;

/// The text of every file of the repository, by its path from the root, with `/`.
pub(crate) type Files = BTreeMap<String, String>;

/// Folders with generated files, to skip where git does not know the repository.
const GENERATED: &[&str] = &[".git", "node_modules", "target"];

/// Reads every file below `root`. The text of a file that is not UTF-8 is empty.
pub(crate) fn read(root: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in known_to_git(root).map_or_else(|| all(root), Ok)? {
        let text = String::from_utf8(fs::read(root.join(&path))?).unwrap_or_default();
        files.insert(name(&path), text);
    }
    Ok(files)
}

/// Returns the files below `root` that git tracks or would add. `None` if git is missing or does not know the folder.
fn known_to_git(root: &Path) -> Option<Vec<PathBuf>> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = list.output().ok().filter(|output| output.status.success())?;
    let paths = String::from_utf8(output.stdout).ok()?;
    // Git still lists deleted files whose deletion is not committed.
    let is_file = |path: &str| fs::symlink_metadata(root.join(path)).is_ok_and(|about| about.is_file());
    let files: Vec<_> = paths.split('\0').filter(|path| is_file(path)).map(PathBuf::from).collect();
    // An unpacked archive may be inside another repository that ignores it.
    (!files.is_empty()).then_some(files)
}

/// Returns every file below `root`.
fn all(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            if kind.is_file() {
                files.push(path.strip_prefix(root)?.to_owned());
            } else if kind.is_dir() && !GENERATED.iter().any(|name| path.ends_with(name)) {
                folders.push(path);
            }
        }
    }
    Ok(files)
}

/// Returns the path with `/` on every system.
fn name(path: &Path) -> String {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Returns the files whose path ends with `end`.
pub(crate) fn ending<'a>(files: &'a Files, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let files = files.iter().filter(move |(path, _)| path.ends_with(end));
    files.map(|(path, text)| (path.as_str(), text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    #[test]
    fn files_are_read_by_their_path_from_the_root() {
        let files = read(&process::root().join("xtask")).unwrap();
        assert!(files["src/tidy.rs"].starts_with("//! `tidy`"));
        assert!(!files.keys().any(|path| path.starts_with("target/")));
    }

    #[test]
    fn folder_unknown_to_git_is_read() {
        let folder = process::root().join("xtask");
        let found = all(&folder).unwrap();
        assert!(
            known_to_git(&folder).unwrap_or_default().iter().all(|path| found.contains(path)),
            "{found:?}"
        );
        assert!(found.contains(&PathBuf::from("Cargo.toml")), "{found:?}");
    }
}
