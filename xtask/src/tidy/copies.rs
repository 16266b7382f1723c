//! Copies: checks that files that several packages need are the same in each. A package can contain only files of its own
//! folder.
//!
//! Symbolic links would not need a check. But on Windows, git checks out a link as a file that contains a path, and cargo
//! would pack that file.

use super::files::Files;

const LICENSES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Test helpers: each original and its copy.
const HELPERS: &[(&str, &str)] = &[
    ("crates/login/tests/it/pty.rs", "crates/cli/tests/it/pty.rs"),
    ("crates/login/tests/it/signal.rs", "crates/cli/tests/it/signal.rs"),
    ("crates/login/tests/it/tools.rs", "crates/cli/tests/it/tools.rs"),
    ("crates/transport-contract/tests/it/wine.rs", "crates/transport-hyper/tests/it/wine.rs"),
    ("crates/transport-contract/tests/it/wine.rs", "crates/transport-reqwest/tests/it/wine.rs"),
    ("crates/transport-contract/tests/it/wine.rs", "crates/transport-ureq/tests/it/wine.rs"),
    ("crates/transport-hyper/tests/it/failure.rs", "crates/transport-reqwest/tests/it/failure.rs"),
    ("crates/transport-hyper/tests/it/failure.rs", "crates/transport-ureq/tests/it/failure.rs"),
    ("crates/transport-hyper/tests/it/server.rs", "crates/transport-reqwest/tests/it/server.rs"),
    ("crates/transport-hyper/tests/it/server.rs", "crates/transport-ureq/tests/it/server.rs"),
];

pub(super) fn check(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for folder in files.keys().filter_map(|path| path.strip_suffix("/Cargo.toml")) {
        if folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/')) {
            for license in LICENSES {
                findings.extend(check_one(files, license, &format!("{folder}/{license}")));
            }
        }
    }
    findings.extend(HELPERS.iter().filter_map(|(original, copy)| check_one(files, original, copy)));
    findings
}

fn check_one(files: &Files, original: &str, copy: &str) -> Option<String> {
    let is_copy = files.get(original) == files.get(copy);
    (!is_copy).then(|| format!("{copy}: is not a copy of {original}; `cp {original} {copy}` makes it one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::check as check_rule;

    #[test]
    fn missing_license_of_a_crate_is_found() {
        let files = [
            ("LICENSE-APACHE", "Apache"),
            ("LICENSE-MIT", "MIT"),
            ("crates/a/Cargo.toml", ""),
            ("crates/a/LICENSE-APACHE", "Apache"),
            ("crates/a/LICENSE-MIT", "MIT"),
        ];
        check_rule(check, &files, &[]);
        check_rule(
            check,
            &files[..4],
            &[
                "crates/a/LICENSE-MIT: is not a copy of LICENSE-MIT; `cp LICENSE-MIT crates/a/LICENSE-MIT` makes it one",
            ],
        );
    }

    #[test]
    fn changed_copy_is_found() {
        let [(original, copy), ..] = HELPERS else { panic!("there are no helpers") };
        check_rule(check, &[(original, "a"), (copy, "a")], &[]);
        check_rule(
            check,
            &[(original, "a"), (copy, "b")],
            &[&format!("{copy}: is not a copy of {original}; `cp {original} {copy}` makes it one")],
        );
    }
}
