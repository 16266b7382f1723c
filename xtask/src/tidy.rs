//! `tidy`: checks house rules that no compiler enforces.
//!
//! The repository is read once into [`Files`]. Each rule is a function from `Files` to its findings, so a test can pass
//! it a repository of two lines.

mod blocking;
mod copies;
mod endpoints;
mod files;
mod invariants;
mod links;
mod requirements;
mod source;

use self::files::{Files, ending, read};
use crate::{
    process,
    result::{Result, fail_on},
};

pub(crate) fn run() -> Result {
    fail_on(&findings(&read(process::root())?))
}

fn findings(files: &Files) -> Vec<String> {
    [
        source::check(files),
        endpoints::check(files),
        links::check(files),
        invariants::check(files),
        blocking::check(files),
        copies::check(files),
        requirements::check(files),
        changelog(files),
        commands(files),
    ]
    .concat()
}

/// Checks that the changelog begins with the section for new changes.
fn changelog(files: &Files) -> Vec<String> {
    let text = files.get("CHANGELOG.md").map_or("", String::as_str);
    let first = text.lines().find(|line| line.starts_with("## "));
    match first {
        Some("## Unreleased") => vec![],
        _ => vec!["CHANGELOG.md: its first section is not `## Unreleased`".into()],
    }
}

/// Checks that the commands in documents exist.
fn commands(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in ending(files, ".md") {
        let names = text
            .split("cargo xtask ")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_lowercase()).next());
        let unknown = names.filter(|name| !name.is_empty() && !crate::help::is_command(name));
        findings.extend(unknown.map(|name| format!("{path}: there is no `cargo xtask {name}`")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_is_tidy() {
        assert_eq!(findings(&read(process::root()).unwrap()), [""; 0]);
    }

    /// Runs one rule on a repository of these files.
    #[track_caller]
    pub(super) fn check(rule: fn(&Files) -> Vec<String>, files: &[(&str, &str)], expected: &[&str]) {
        let files = files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        assert_eq!(rule(&files), expected);
    }

    #[test]
    fn changelog_without_an_unreleased_section_is_found() {
        let finding = "CHANGELOG.md: its first section is not `## Unreleased`";
        check(changelog, &[("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 0.1.0\n")], &[]);
        check(changelog, &[("CHANGELOG.md", "# Changelog\n\n## 0.1.0\n\n## Unreleased\n")], &[finding]);
        check(changelog, &[], &[finding]);
    }

    #[test]
    fn unknown_command_in_a_document_is_found() {
        check(commands, &[("README.md", "`cargo xtask` lists them; run `cargo xtask ci fmt`.")], &[]);
        check(
            commands,
            &[("README.md", "cargo xtask deploy\n")],
            &["README.md: there is no `cargo xtask deploy`"],
        );
    }
}
