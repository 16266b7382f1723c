//! Unpacked packages.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    process,
    result::Result,
    workspace::{self, Package},
};

/// An unpacked package.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    pub(super) manifest: Package,
    pub(super) folder: PathBuf,
    /// Every file by its path in the package, with `/`.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The size of the `.crate` file in bytes.
    pub(super) compressed: u64,
}

/// Unpacks the packages into one folder, which it empties first.
pub(super) fn unpack(packages: &[Package], build_folder: &Path) -> Result<Vec<Unpacked>> {
    let all = build_folder.join("unpacked");
    if all.exists() {
        fs::remove_dir_all(&all)?;
    }
    fs::create_dir_all(&all)?;
    let unpack_one = |package: &Package| {
        let name = format!("{}-{}", package.name, package.version);
        let archive = build_folder.join("package").join(format!("{name}.crate"));
        // Cargo gives every file in a package the same old date. Without `m`, `tar` would keep that date, and cargo would
        // not notice what changed since the last run.
        process::run(Command::new("tar").arg("-xzmf").arg(&archive).arg("-C").arg(&all))?;
        let folder = all.join(name);
        let files = read(&folder)?;
        // Otherwise, cargo would assume that the package belongs to the workspace in a folder above it.
        let manifest = folder.join("Cargo.toml");
        fs::write(&manifest, fs::read_to_string(&manifest)? + "\n[workspace]\n")?;
        let manifest = workspace::packages_in(&folder)?.pop().ok_or("the package is empty")?;
        Ok(Unpacked { manifest, folder, files, compressed: fs::metadata(archive)?.len() })
    };
    let unpacked: Vec<Unpacked> = packages.iter().map(unpack_one).collect::<Result<_>>()?;
    for package in &unpacked {
        let folder = package.folder.join(".cargo");
        fs::create_dir(&folder)?;
        fs::write(folder.join("config.toml"), patches(package, &unpacked))?;
    }
    Ok(unpacked)
}

/// Reads every file below a folder, by its path from there.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(read(&path)?.into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, fs::read(path)?);
        }
    }
    Ok(files)
}

/// Returns the cargo configuration that replaces each package in the lock file with its unpacked version. It has no patch
/// for other packages, because cargo warns about unused patches.
fn patches(package: &Unpacked, all: &[Unpacked]) -> String {
    let lock = package.files.get("Cargo.lock").map(|bytes| String::from_utf8_lossy(bytes));
    let lock = lock.unwrap_or_default();
    let mut config = String::from("[patch.crates-io]\n");
    for other in all {
        let name = &other.manifest.name;
        if *name != package.manifest.name && lock.lines().any(|line| line == format!("name = \"{name}\"")) {
            let _ = writeln!(config, "{name} = {{ path = '{}' }}", other.folder.display());
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_locked_packages_are_patched() {
        let package = |name: &str| Unpacked {
            manifest: Package { name: name.into(), ..Package::default() },
            folder: format!("/unpacked/{name}-0.1.0").into(),
            ..Unpacked::default()
        };
        let all = [package("a"), package("a-models"), package("a-login")];
        let lock = "[[package]]\nname = \"a\"\n\n[[package]]\nname = \"a-models\"\n".as_bytes().to_vec();
        let patched = Unpacked { files: [("Cargo.lock".to_owned(), lock)].into(), ..package("a") };
        assert_eq!(
            patches(&patched, &all),
            "[patch.crates-io]\na-models = { path = '/unpacked/a-models-0.1.0' }\n"
        );
    }
}
