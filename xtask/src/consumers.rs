//! `consumers`: packages outside the workspace use the crates as their users do.
//!
//! Each is built and run by itself, so that no feature that another package turns on can help it, and with its own
//! `Cargo.lock` as it is.

use std::{fs, path::PathBuf};

use crate::{
    layers, process,
    result::{Result, fail_on},
    workspace,
};

/// Where they are, from the root.
const FOLDER: &str = "tests/consumers";

/// The consumers that promise to go without, and without what.
const WITHOUT: &[(&str, &[&str])] =
    &[("types", layers::NETWORK), ("own-transport", &["hyper", "hyper-util", "hyper-rustls", "rustls"])];

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
        // One build folder for all, and not the workspace's: the two would throw out each other's builds.
        process::run(command.arg(manifest).env("CARGO_TARGET_DIR", process::target("consumers")))?;
    }
    Ok(())
}

/// The manifest of each consumer, from the root.
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
