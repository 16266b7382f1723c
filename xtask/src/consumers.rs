//! `consumers`: builds and runs packages outside the workspace that use the crates as outside users do.
//!
//! It tests a package that has tests instead of running it: such a package is a server, which runs until it is stopped.
//!
//! Each package is built by itself, so that it cannot depend on features that another package enables. It uses its own
//! committed `Cargo.lock`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    layers, process,
    result::{Result, fail_on},
    workspace,
};

/// The folder of the consumers, relative to the root.
const FOLDER: &str = "tests/consumers";

/// The variable that sets how much debug information cargo adds. For the workspace, `Cargo.toml` sets it.
const DEBUG: &str = "CARGO_PROFILE_DEV_DEBUG";

/// The consumers that must not depend on certain crates, and those crates.
const WITHOUT: &[(&str, &[&str])] = &[
    ("types", layers::NETWORK),
    ("blocking", &["async-std", "hyper", "hyper-util", "reqwest", "smol", "tokio"]),
    ("reqwest", &["hyper-rustls", "openrouter-oauth-transport-hyper", "ring", "rustls"]),
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
        let has_tests = process::root().join(&manifest).with_file_name("tests").exists();
        compile(if has_tests { &["test", "--no-run"] } else { &["build"] }, &manifest)?;
        process::run(&mut cargo(if has_tests { &["test"] } else { &["run"] }, &manifest))?;
    }
    Ok(())
}

/// Builds the consumer with this name.
pub(crate) fn build(name: &str) -> Result {
    compile(&["build"], Path::new(&format!("{FOLDER}/{name}/Cargo.toml")))
}

/// Runs a command that only compiles. A warning is an error, but not through `RUSTFLAGS`, with which cargo would compile
/// again what the consumers share with the workspace.
fn compile(command: &[&str], manifest: &Path) -> Result {
    process::run_without_warnings(cargo(command, manifest).env("CARGO_TERM_COLOR", "never"))
}

fn cargo(command: &[&str], manifest: &Path) -> Command {
    let mut cargo = process::cargo(command);
    cargo.args(["--locked", "--quiet", "--manifest-path"]).arg(manifest);
    // Dependencies with the same features are compiled once for the workspace and all consumers.
    cargo.env("CARGO_TARGET_DIR", process::target("."));
    if env::var_os(DEBUG).is_none() {
        cargo.env(DEBUG, "line-tables-only");
    }
    cargo
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
