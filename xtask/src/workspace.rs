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
    pub(crate) version: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) rust_version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) readme: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    /// The registries that accept it; `None` means any.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) metadata: Option<Metadata>,
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
    /// The versions that it accepts, such as `^0.1.0`.
    pub(crate) req: String,
    pub(crate) path: Option<PathBuf>,
    /// `None` for a normal dependency, otherwise `dev` or `build`.
    pub(crate) kind: Option<String>,
    pub(crate) optional: bool,
    /// The systems that need it, such as `cfg(unix)`; `None` means all.
    pub(crate) target: Option<String>,
}

/// `[package.metadata]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata {
    pub(crate) docs: Docs,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Docs {
    pub(crate) rs: DocsRs,
}

/// `[package.metadata.docs.rs]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct DocsRs {
    all_features: bool,
    features: Vec<String>,
    pub(crate) rustdoc_args: Vec<String>,
}

impl Package {
    /// Returns the name of its folder, which is the short name of the package.
    pub(crate) fn folder(&self) -> &str {
        let folder = self.manifest_path.parent().and_then(Path::file_name);
        folder.and_then(OsStr::to_str).unwrap_or_default()
    }

    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }

    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }

    /// Returns how docs.rs documents it.
    pub(crate) fn docs_rs(&self) -> DocsRs {
        self.metadata.clone().unwrap_or_default().docs.rs
    }
}

impl DocsRs {
    /// Returns the features that docs.rs turns on, as arguments of cargo.
    pub(crate) fn features(&self) -> Vec<String> {
        if self.all_features {
            return vec!["--all-features".into()];
        }
        self.features.iter().map(|feature| format!("--features={feature}")).collect()
    }
}

impl Dependency {
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Returns the packages of this workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    packages_in(process::root())
}

/// Returns the packages of the workspace in this folder.
pub(crate) fn packages_in(folder: &Path) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let mut command = process::cargo(["metadata", "--format-version=1", "--no-deps"]);
    let text = process::read(command.current_dir(folder))?;
    Ok(serde_json::from_str::<Metadata>(&text)?.packages)
}

/// Returns the packages of this workspace that are published.
pub(crate) fn published() -> Result<Vec<Package>> {
    Ok(packages()?.into_iter().filter(Package::is_published).collect())
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
    fn crates_are_published_but_xtask_and_tests_are_not() {
        let packages = packages().unwrap();
        let package = |name: &str| packages.iter().find(|package| package.name == name).unwrap();
        assert!(!package("xtask").is_published());
        assert!(!package("openrouter-oauth-tests").is_published());
        assert!(package("openrouter-oauth").is_published() && package("openrouter-oauth").is_library());
        assert!(
            package("openrouter-oauth-cli").is_published() && !package("openrouter-oauth-cli").is_library()
        );
    }

    #[test]
    fn docs_features_come_from_the_metadata() {
        let features = |metadata| serde_json::from_value::<Metadata>(metadata).unwrap().docs.rs.features();
        assert_eq!(features(serde_json::json!({"docs": {"rs": {"all-features": true}}})), ["--all-features"]);
        assert_eq!(
            features(serde_json::json!({"docs": {"rs": {"features": ["a", "b"]}}})),
            ["--features=a", "--features=b"]
        );
        assert_eq!(features(serde_json::json!({"other": 1})), [""; 0]);
    }

    #[test]
    fn repeated_crate_in_a_tree_counts_once() {
        let tree = "mine v0.1.0 (/somewhere)\nhttp v1.5.0\nitoa v1.0.19\nserde v1.0.0 (proc-macro)\nitoa v1.0.19 (*)\n";
        assert_eq!(crates(tree), ["http v1.5.0", "itoa v1.0.19", "mine v0.1.0", "serde v1.0.0"]);
    }
}
