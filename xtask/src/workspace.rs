//! The packages of this workspace, according to cargo.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{process, result::Result};

/// A package of this workspace.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) rust_version: Option<String>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// A library, program, test or example of a package.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    /// Its root file.
    pub(crate) src_path: PathBuf,
}

/// A line under `[dependencies]`, `[dev-dependencies]` or `[build-dependencies]`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal dependency, otherwise `dev` or `build`.
    pub(crate) kind: Option<String>,
    pub(crate) optional: bool,
}

impl Package {
    /// Returns the name of its folder, which is the short name of the package.
    pub(crate) fn folder(&self) -> &str {
        let folder = self.manifest_path.parent().and_then(Path::file_name);
        folder.and_then(OsStr::to_str).unwrap_or_default()
    }
}

impl Dependency {
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Returns the packages of this workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let text = process::read(&mut process::cargo(["metadata", "--format-version=1", "--no-deps"]))?;
    Ok(serde_json::from_str::<Metadata>(&text)?.packages)
}

/// Returns the crates that `cargo tree` prints for normal dependencies with these arguments, each as `name version`.
pub(crate) fn tree(arguments: &[&str]) -> Result<Vec<String>> {
    let mut command = process::cargo(["tree", "--edges=normal", "--prefix=none", "--format={p}"]);
    Ok(crates(&process::read(command.args(arguments))?))
}

/// Parses the tree, which lists a crate once for each of its dependents.
fn crates(tree: &str) -> Vec<String> {
    let mut crates: Vec<String> = tree
        .lines()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .filter(|name| !name.is_empty())
        .collect();
    crates.sort();
    crates.dedup();
    crates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_package_is_among_the_packages() {
        let packages = packages().unwrap();
        let xtask = packages.iter().find(|package| package.name == "xtask").unwrap();
        assert_eq!(xtask.folder(), "xtask");
        assert!(xtask.dependencies.iter().any(|dependency| dependency.name == "serde_json"));
    }

    #[test]
    fn repeated_crate_in_a_tree_counts_once() {
        let tree = "mine v0.1.0 (/somewhere)\nhttp v1.5.0\nitoa v1.0.19\nserde v1.0.0 (proc-macro)\nitoa v1.0.19 (*)\n";
        assert_eq!(crates(tree), ["http v1.5.0", "itoa v1.0.19", "mine v0.1.0", "serde v1.0.0"]);
    }
}
