//! The checks that only a release needs.

use crate::workspace::Package;

/// The domain of the placeholder in Cargo.toml. It can never exist (RFC 2606, section 2).
const PLACEHOLDER: &str = "example.invalid";

pub(super) fn findings(packages: &[Package], changelog: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let is_placeholder = |package: &&Package| {
        package.repository.as_ref().is_none_or(|repository| repository.contains(PLACEHOLDER))
    };
    if let Some(package) = packages.iter().find(is_placeholder) {
        let repository = package.repository.as_deref().unwrap_or("missing");
        findings.push(format!(
            "Cargo.toml: `repository` under [workspace.package] is {repository}: set the address of the repository"
        ));
    }
    let mut versions: Vec<&str> = packages.iter().map(|package| package.version.as_str()).collect();
    versions.dedup();
    for version in versions {
        let heading = format!("## {version}");
        let is_heading = |line: &str| line == heading || line.starts_with(&format!("{heading} "));
        if !changelog.lines().any(is_heading) {
            findings.push(format!("CHANGELOG.md: there is no `{heading}`"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn package(repository: Option<&str>) -> Package {
        Package { version: "0.1.0".into(), repository: repository.map(Into::into), ..Package::default() }
    }

    const CHANGELOG: &str = "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-12-01)\n";

    #[test]
    fn release_with_the_placeholder_is_rejected() {
        let real = package(Some("https://forge.example/openrouter-oauth"));
        assert_eq!(findings(slice::from_ref(&real), CHANGELOG), [""; 0]);
        let placeholder = package(Some("https://example.invalid/openrouter-oauth"));
        assert_eq!(
            findings(&[real, placeholder], CHANGELOG),
            [
                "Cargo.toml: `repository` under [workspace.package] is https://example.invalid/openrouter-oauth: set the \
                 address of the repository"
            ]
        );
        assert_eq!(findings(&[package(None)], CHANGELOG).len(), 1);
    }

    #[test]
    fn release_without_a_changelog_section_is_rejected() {
        let real = package(Some("https://forge.example/openrouter-oauth"));
        for changelog in ["## Unreleased\n", "## 0.1.0-rc.1\n", "## 0.1.01\n"] {
            assert_eq!(findings(slice::from_ref(&real), changelog), ["CHANGELOG.md: there is no `## 0.1.0`"]);
        }
    }
}
