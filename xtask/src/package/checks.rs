//! Checks of the files and the manifest of an unpacked package.

use std::{fs, path::Path};

use super::unpacked::Unpacked;
use crate::result::Result;

/// The license texts, in the root of the repository and in each package.
const LICENSES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// The maximum size of a `.crate` file in bytes. The largest of ours is half as large.
const COMPRESSED: u64 = 250 * 1024;

/// The minimum size of a README in bytes. A shorter one cannot say what the crate is and show its use.
const README: usize = 600;

/// The categories that our packages use. Crates.io ignores categories that are not on its list:
/// <https://crates.io/category_slugs>.
const CATEGORIES: &[&str] = &[
    "api-bindings",
    "authentication",
    "command-line-interface",
    "command-line-utilities",
    "development-tools::testing",
    "web-programming",
    "web-programming::http-client",
];

pub(super) fn findings(packages: &[Unpacked], root: &Path) -> Result<Vec<String>> {
    let mut licenses = Vec::new();
    for name in LICENSES {
        licenses.push((*name, fs::read(root.join(name))?));
    }
    let ours: Vec<&str> = packages.iter().map(|package| package.manifest.name.as_str()).collect();
    let findings_of = |package: &Unpacked| {
        let findings =
            [files(package, &licenses), metadata(package), docs_rs(package), dependencies(package, &ours)];
        findings.concat().into_iter().map(|finding| format!("{}: {finding}", package.manifest.name)).collect()
    };
    Ok(packages.iter().flat_map(|package| -> Vec<String> { findings_of(package) }).collect())
}

fn files(package: &Unpacked, licenses: &[(&str, Vec<u8>)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, text) in licenses {
        match package.files.get(*name) {
            None => findings.push(format!("the package has no {name}")),
            Some(found) if found != text => findings.push(format!("{name} differs from the one in the root")),
            Some(_) => {}
        }
    }
    let readme = package.files.get("README.md").map(|bytes| String::from_utf8_lossy(bytes));
    match readme {
        None => findings.push("the package has no README.md".into()),
        Some(text) => {
            if text.len() < README || !text.contains("```") || !text.contains(&package.manifest.name) {
                findings.push(format!("README.md needs the name, an example and {README} bytes of text"));
            }
            if text.contains("](../") {
                findings.push("README.md links to a file outside the package".into());
            }
        }
    }
    if package.compressed > COMPRESSED {
        findings.push(format!("the package has {} bytes; the limit is {COMPRESSED}", package.compressed));
    }
    findings
}

fn metadata(package: &Unpacked) -> Vec<String> {
    let manifest = &package.manifest;
    // Docs.rs has no pages for a program, only its README.
    let folder = if manifest.is_library() { "" } else { "crate/" };
    let documentation = format!("https://docs.rs/{folder}{}", manifest.name);
    let is_keyword = |keyword: &String| keyword.len() <= 20 && !keyword.contains(' ');
    let is_category = |category: &String| CATEGORIES.contains(&category.as_str());
    let checks = [
        ("`description` is missing", manifest.description.as_ref().is_some_and(|text| !text.is_empty())),
        ("`license` is not `MIT OR Apache-2.0`", manifest.license.as_deref() == Some("MIT OR Apache-2.0")),
        (
            "`repository` is missing",
            manifest.repository.as_ref().is_some_and(|url| url.starts_with("https://")),
        ),
        ("`readme` is not `README.md`", manifest.readme.as_deref() == Some("README.md")),
        ("`rust-version` is missing", manifest.rust_version.is_some()),
        ("`keywords` are not one to five words of at most 20 characters", {
            (1..=5).contains(&manifest.keywords.len()) && manifest.keywords.iter().all(is_keyword)
        }),
        ("`categories` are not one to five of the list in xtask/src/package/checks.rs", {
            (1..=5).contains(&manifest.categories.len()) && manifest.categories.iter().all(is_category)
        }),
    ];
    let mut findings: Vec<String> =
        checks.into_iter().filter(|(_, holds)| !holds).map(|(finding, _)| finding.into()).collect();
    if manifest.documentation.as_ref() != Some(&documentation) {
        findings.push(format!("`documentation` is not `{documentation}`"));
    }
    findings
}

/// Checks the flag that docs.rs needs to show which feature an item requires.
fn docs_rs(package: &Unpacked) -> Vec<String> {
    if !package.manifest.is_library() || package.manifest.docs_rs().rustdoc_args == ["--cfg", "docsrs"] {
        return vec![];
    }
    vec!["`rustdoc-args` in `package.metadata.docs.rs` is not `[\"--cfg\", \"docsrs\"]`".into()]
}

/// Checks the dependencies. The packages are released together, so each must require its own version of the others.
fn dependencies(package: &Unpacked, ours: &[&str]) -> Vec<String> {
    let mut findings = Vec::new();
    let wanted = format!("^{}", package.manifest.version);
    for dependency in &package.manifest.dependencies {
        if dependency.path.is_some() {
            findings.push(format!("{} is a dependency by path", dependency.name));
        }
        if ours.contains(&dependency.name.as_str()) && dependency.req != wanted {
            findings.push(format!("{} is required as `{}`, not `{wanted}`", dependency.name, dependency.req));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        process,
        workspace::{Dependency, Package, Target},
    };

    /// A package without a fault.
    fn good() -> Unpacked {
        let text = |name: &str| (name.to_owned(), fs::read(process::root().join(name)).unwrap());
        let readme = format!("# mine\n\n```\nmine::run();\n```\n{}", "word ".repeat(README / 5));
        let manifest = Package {
            name: "mine".into(),
            version: "0.2.0".into(),
            description: Some("A package".into()),
            license: Some("MIT OR Apache-2.0".into()),
            repository: Some("https://example.invalid/mine".into()),
            documentation: Some("https://docs.rs/mine".into()),
            readme: Some("README.md".into()),
            rust_version: Some("1.85".into()),
            keywords: vec!["oauth".into()],
            categories: vec!["authentication".into()],
            metadata: serde_json::from_str(r#"{"docs": {"rs": {"rustdoc-args": ["--cfg", "docsrs"]}}}"#)
                .unwrap(),
            dependencies: vec![Dependency {
                name: "mine-models".into(),
                req: "^0.2.0".into(),
                ..Dependency::default()
            }],
            targets: vec![Target { kind: vec!["lib".into()], ..Target::default() }],
            ..Package::default()
        };
        let files = [text(LICENSES[0]), text(LICENSES[1]), ("README.md".into(), readme.into())];
        Unpacked { manifest, files: files.into(), compressed: COMPRESSED, ..Unpacked::default() }
    }

    #[track_caller]
    fn check(spoil: fn(&mut Unpacked), expected: &[&str]) {
        let models =
            Unpacked { manifest: Package { name: "mine-models".into(), ..good().manifest }, ..good() };
        let mut package = good();
        spoil(&mut package);
        let found = findings(&[package, models], process::root()).unwrap();
        let of_package: Vec<_> = found.iter().filter_map(|finding| finding.strip_prefix("mine: ")).collect();
        assert_eq!(of_package, expected);
    }

    #[test]
    fn package_without_a_fault_passes() {
        check(|_| (), &[]);
    }

    #[test]
    fn missing_or_changed_license_is_found() {
        check(|package| drop(package.files.remove("LICENSE-MIT")), &["the package has no LICENSE-MIT"]);
        check(
            |package| drop(package.files.insert("LICENSE-APACHE".into(), b"../../LICENSE-APACHE".into())),
            &["LICENSE-APACHE differs from the one in the root"],
        );
    }

    #[test]
    fn missing_or_trivial_readme_is_found() {
        let trivial = "README.md needs the name, an example and 600 bytes of text";
        check(|package| drop(package.files.remove("README.md")), &["the package has no README.md"]);
        check(|package| drop(package.files.insert("README.md".into(), b"# mine\n".into())), &[trivial]);
    }

    #[test]
    fn readme_link_out_of_the_package_is_found() {
        check(
            |package| package.files.get_mut("README.md").unwrap().extend(b"[design](../../DESIGN.md)"),
            &["README.md links to a file outside the package"],
        );
    }

    #[test]
    fn package_over_the_size_limit_is_found() {
        check(|package| package.compressed += 1, &["the package has 256001 bytes; the limit is 256000"]);
    }

    #[test]
    fn missing_metadata_is_found() {
        check(
            |package| {
                package.manifest = Package {
                    name: "mine".into(),
                    version: "0.2.0".into(),
                    targets: package.manifest.targets.clone(),
                    ..Package::default()
                };
            },
            &[
                "`description` is missing",
                "`license` is not `MIT OR Apache-2.0`",
                "`repository` is missing",
                "`readme` is not `README.md`",
                "`rust-version` is missing",
                "`keywords` are not one to five words of at most 20 characters",
                "`categories` are not one to five of the list in xtask/src/package/checks.rs",
                "`documentation` is not `https://docs.rs/mine`",
                "`rustdoc-args` in `package.metadata.docs.rs` is not `[\"--cfg\", \"docsrs\"]`",
            ],
        );
    }

    #[test]
    fn unknown_category_is_found() {
        check(
            |package| package.manifest.categories.push("oauth".into()),
            &["`categories` are not one to five of the list in xtask/src/package/checks.rs"],
        );
    }

    #[test]
    fn dependency_by_path_or_other_version_is_found() {
        check(
            |package| package.manifest.dependencies[0].path = Some("../models".into()),
            &["mine-models is a dependency by path"],
        );
        check(
            |package| package.manifest.dependencies[0].req = "^0.1.0".into(),
            &["mine-models is required as `^0.1.0`, not `^0.2.0`"],
        );
    }
}
