//! `api`: compares the public API of each library with its snapshot in `tests/api`.
//!
//! The snapshots make a change of the API visible in the diff of its commit. cargo-public-api writes them from rustdoc's
//! JSON, which only nightly can produce.

use std::{fs, path::PathBuf};

use crate::{
    package, process,
    result::{Result, fail_on},
    workspace::{self, Package},
};

/// The release that wrote the snapshots. Another release may format an item differently.
const INSTALL: &str = "cargo install --locked cargo-public-api@0.52.0";

/// Where the snapshots are, from the root.
const FOLDER: &str = "tests/api";

/// Compares the snapshots with the libraries, or writes them.
pub(crate) fn run(write: bool) -> Result {
    process::require("cargo", &["public-api", "--version"], INSTALL)?;
    process::require(
        "rustup",
        &["run", "nightly", "rustc", "--version"],
        "rustup toolchain install nightly --profile minimal",
    )?;
    let mut findings = Vec::new();
    for library in workspace::published()?.iter().filter(|package| package.is_library()) {
        let api = list(library)?;
        let file = file(library);
        if write {
            fs::write(process::root().join(&file), api)?;
            println!("{}", file.display());
        } else {
            let snapshot = fs::read_to_string(process::root().join(&file)).unwrap_or_default();
            let changes = changes(&snapshot, &api);
            findings.extend(changes.into_iter().map(|change| format!("{}: {change}", file.display())));
        }
    }
    fail_on(&findings)
        .map_err(|error| format!("{error}\n`cargo xtask api --write` writes the snapshots").into())
}

fn file(library: &Package) -> PathBuf {
    PathBuf::from(FOLDER).join(library.folder()).with_extension("txt")
}

/// Lists the public items of a library, one per line, with the features that docs.rs turns on. The list omits blanket and
/// auto trait implementations.
fn list(library: &Package) -> Result<String> {
    let mut command = process::cargo(["public-api", "--color=never", "-ss", "-p", &library.name]);
    command.args(library.docs_rs().features());
    // `package --release` builds the same dependencies for its documentation.
    package::share_dependencies(&mut command);
    process::read(&mut command)
}

/// Returns the lines that only one of the two has.
fn changes(snapshot: &str, api: &str) -> Vec<String> {
    let missing = |from: &str, sign: &str, other: &str| -> Vec<String> {
        let lines = from.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("{sign}{line}")).collect()
    };
    [missing(snapshot, "-", api), missing(api, "+", snapshot)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_and_added_items_are_listed() {
        let snapshot = "pub fn mine::a()\npub fn mine::b(u8)\n";
        assert_eq!(changes(snapshot, snapshot), [""; 0]);
        assert_eq!(
            changes(snapshot, "pub fn mine::a()\npub fn mine::b(u16)\n"),
            ["-pub fn mine::b(u8)", "+pub fn mine::b(u16)"]
        );
    }

    #[test]
    fn each_library_has_a_snapshot() {
        for library in workspace::published().unwrap().iter().filter(|package| package.is_library()) {
            let file = file(library);
            assert!(process::root().join(&file).exists(), "{} is missing", file.display());
        }
    }
}
