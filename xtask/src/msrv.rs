//! `msrv`: the libraries compile with the oldest compiler they promise.
//!
//! By `$RUSTC_MSRV`, or rustup's, or on Debian the one of its packages, unpacked and not installed.

use std::{env, path::PathBuf, process::Command};

use crate::{
    Result, process,
    workspace::{self, Package},
};

pub(crate) fn run() -> Result {
    let packages = workspace::packages()?;
    let (version, names) = oldest(&packages).ok_or("no package has a `rust-version`")?;
    let compiler = compiler(&version)?;
    let found = process::read(Command::new(&compiler).arg("--version"))?;
    is_release(&found, &version)?;
    print!("{found}");

    let mut command = process::cargo(["check", "--quiet"]);
    command.args(names.iter().flat_map(|name| ["-p", name]));
    // A build folder of its own: cargo would otherwise build everything anew after each change of compiler.
    command.env("RUSTC", compiler).env("CARGO_TARGET_DIR", process::target("msrv"));
    process::run(&mut command)
}

/// The lowest `rust-version`, and the packages that promise it.
fn oldest(packages: &[Package]) -> Option<(String, Vec<String>)> {
    let order =
        |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    let versions = packages.iter().filter_map(|package| package.rust_version.as_deref());
    let version = versions.min_by_key(|version| order(version))?;
    let names = packages.iter().filter(|package| package.rust_version.as_deref() == Some(version));
    Some((version.to_owned(), names.map(|package| package.name.clone()).collect()))
}

/// A compiler of this version.
fn compiler(version: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os("RUSTC_MSRV") {
        return Ok(path.into());
    }
    let rustup = Command::new("rustup").args(["which", "rustc", "--toolchain", version]).output();
    if let Some(found) = rustup.ok().filter(|output| output.status.success()) {
        return Ok(String::from_utf8(found.stdout)?.trim().into());
    }
    let folder = process::target("msrv").join(format!("debian-{version}"));
    let mut unpack = Command::new(process::root().join("xtask/debian-rustc.sh"));
    process::run(unpack.arg(&folder).arg(version)).map_err(|error| {
        format!("{error}; without Debian's packages: `rustup toolchain install {version}`, or set RUSTC_MSRV")
    })?;
    Ok(folder.join("rustc"))
}

/// A newer compiler would prove nothing.
fn is_release(found: &str, version: &str) -> Result {
    if found.starts_with(&format!("rustc {version}.")) {
        return Ok(());
    }
    Err(format!("wanted rustc {version}, found {}", found.trim()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_is_found_by_number_with_all_that_promise_it() {
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
        assert_eq!(oldest(&packages), Some(("1.85".into(), vec!["models".into(), "sdk".into()])));
        assert_eq!(oldest(&packages[2..3]), None);
    }

    #[test]
    fn another_compiler_is_refused() {
        is_release("rustc 1.85.0 (4d91de4e4 2025-02-17)\n", "1.85").unwrap();
        assert!(is_release("rustc 1.95.0 (59807616e 2026-04-14)\n", "1.85").is_err());
        assert!(is_release("rustc 1.850.0\n", "1.85").is_err());
    }
}
