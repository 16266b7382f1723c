//! `consumers`: builds and runs packages outside the workspace that use the crates as outside users do.
//!
//! Each package is built and run separately, so that it cannot depend on features that another package enables. It uses
//! its own committed `Cargo.lock`.

use std::{fs, path::PathBuf};

use crate::{
    layers, process,
    result::{Result, fail_on},
    workspace,
};

/// The folder of the consumers, relative to the root.
const FOLDER: &str = "tests/consumers";

/// The consumers that must not depend on certain crates, and those crates.
const WITHOUT: &[(&str, &[&str])] = &[
    ("types", layers::NETWORK),
    ("own-transport", &["getrandom", "hyper", "hyper-util", "hyper-rustls", "rustls"]),
];

pub(crate) fn run() -> Result {
    let mut findings = Vec::new();
    for (name, unwanted) in WITHOUT {
        let manifest = format!("{FOLDER}/{name}/Cargo.toml");
        let tree = workspace::tree(&["--locked", "--manifest-path", &manifest])?;
        findings.extend(layers::present(&manifest, unwanted, &tree));
    }
    fail_on(&findings)?;
    for manifest in manifests()? {
        let mut command = process::cargo(["run", "--locked", "--quiet", "--manifest-path"]);
        // They share one build folder, but not with the workspace: the two would invalidate each other's builds.
        process::run(command.arg(manifest).env("CARGO_TARGET_DIR", process::target("consumers")))?;
    }
    Ok(())
}

/// Returns the manifest of each consumer, relative to the root.
pub(crate) fn manifests() -> Result<Vec<PathBuf>> {
    let mut manifests = Vec::new();
    let entries = fs::read_dir(process::root().join(FOLDER)).map_err(|error| format!("{FOLDER}: {error}"))?;
    for entry in entries {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.exists() {
            manifests.push(manifest.strip_prefix(process::root())?.to_owned());
        }
    }
    manifests.sort();
    Ok(manifests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_restricted_package_is_a_consumer() {
        let manifests = manifests().unwrap();
        for (name, _) in WITHOUT {
            let manifest = PathBuf::from(format!("{FOLDER}/{name}/Cargo.toml"));
            assert!(manifests.contains(&manifest), "{manifest:?} is not in {manifests:?}");
        }
    }
}
