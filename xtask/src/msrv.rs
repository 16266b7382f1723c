//! `msrv`: compiles each package with the oldest compiler that it promises to support, if the machine has that
//! compiler.
//!
//! Uses `$RUSTC_MSRV`, rustup's toolchain, or the current compiler, whichever has that version. For the lowest version,
//! which is that of the libraries, it also unpacks Debian's compiler, and fails if that is missing too.

use std::{collections::BTreeMap, env, path::PathBuf, process::Command};

use crate::{
    process,
    result::Result,
    workspace::{self, Package},
};

/// A `rust-version` as numbers, so that 1.100 comes after 1.85.
type Version = Vec<u32>;

pub(crate) fn run() -> Result {
    let mut promises = promises(&workspace::packages()?).into_values();
    let (version, names) = promises.next().ok_or("no package has a `rust-version`")?;
    let compiler = installed(&version).map_or_else(|| debian(&version), Ok)?;
    check(&compiler, &version, &names)?;
    for (version, names) in promises {
        match installed(&version) {
            Some(compiler) => check(&compiler, &version, &names)?,
            None => println!("NOT CHECKED, because there is no rustc {version}: {}", names.join(", ")),
        }
    }
    Ok(())
}

/// Returns each distinct `rust-version`, the lowest first, with its packages.
fn promises(packages: &[Package]) -> BTreeMap<Version, (String, Vec<String>)> {
    let mut promises: BTreeMap<Version, (String, Vec<String>)> = BTreeMap::new();
    for package in packages {
        if let Some(text) = &package.rust_version {
            let version = text.split('.').map(|part| part.parse().unwrap_or(0)).collect();
            let (_, names) = promises.entry(version).or_insert_with(|| (text.clone(), Vec::new()));
            names.push(package.name.clone());
        }
    }
    promises
}

/// Finds a compiler of this version on the machine.
fn installed(version: &str) -> Option<PathBuf> {
    let given = env::var_os("RUSTC_MSRV").map(PathBuf::from);
    let rustup = Command::new("rustup").args(["which", "rustc", "--toolchain", version]).output().ok();
    let rustup = rustup.filter(|output| output.status.success());
    let rustup = rustup.and_then(|output| Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim())));
    let candidates = [given, rustup, Some("rustc".into())].into_iter().flatten();
    candidates.into_iter().find(|compiler| {
        let found = Command::new(compiler).arg("--version").output();
        found.is_ok_and(|output| is_release(&String::from_utf8_lossy(&output.stdout), version))
    })
}

/// Unpacks Debian's compiler of this version.
fn debian(version: &str) -> Result<PathBuf> {
    let folder = process::target("msrv").join(format!("debian-{version}"));
    let mut unpack = Command::new(process::root().join("xtask/debian-rustc.sh"));
    process::run(unpack.arg(&folder).arg(version)).map_err(|error| {
        format!(
            "{error}; to use another compiler, run `rustup toolchain install {version}` or set RUSTC_MSRV"
        )
    })?;
    Ok(folder.join("rustc"))
}

/// Returns whether `rustc --version` printed this version. A newer compiler would prove nothing.
fn is_release(found: &str, version: &str) -> bool {
    found.starts_with(&format!("rustc {version}."))
}

/// Compiles the packages.
fn check(compiler: &PathBuf, version: &str, names: &[String]) -> Result {
    println!("rustc {version}: {}", compiler.display());
    let mut command = process::cargo(["check", "--quiet"]);
    command.args(names.iter().flat_map(|name| ["-p", name]));
    // A separate build folder, because cargo rebuilds everything after each change of compiler.
    command.env("RUSTC", compiler).env("CARGO_TARGET_DIR", process::target("msrv"));
    // Nothing is linked, so the C code of ring and aws-lc need not be compiled.
    command.env("CC", "true").env("AR", "true");
    process::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_sorted_by_version_with_their_packages() {
        let package = |name: &str, version: Option<&str>| Package {
            name: name.into(),
            rust_version: version.map(Into::into),
            ..Package::default()
        };
        let packages = [
            package("cli", Some("1.100")),
            package("models", Some("1.85")),
            package("notes", None),
            package("sdk", Some("1.85")),
        ];
        let promises: Vec<_> = promises(&packages).into_values().collect();
        assert_eq!(
            promises,
            [("1.85".into(), vec!["models".into(), "sdk".into()]), ("1.100".into(), vec!["cli".into()])]
        );
    }

    #[test]
    fn other_compiler_version_is_not_accepted() {
        assert!(is_release("rustc 1.85.0 (4d91de4e4 2025-02-17)\n", "1.85"));
        assert!(!is_release("rustc 1.95.0 (59807616e 2026-04-14)\n", "1.85"));
        assert!(!is_release("rustc 1.850.0\n", "1.85"));
    }
}
