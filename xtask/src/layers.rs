//! `layers`: checks that dependencies point one way, between our crates and between the files of each, and that the
//! light crates stay light.

use std::{fs, path::Path};

use crate::{
    process,
    result::{Result, fail_on},
    workspace::{self, Package},
};

mod cycles;
mod modules;

/// Which of our packages a package may depend on, by folder name. ARCHITECTURE.md must explain a new dependency.
struct Layer {
    folder: &'static str,
    normal: &'static [&'static str],
    /// Packages that only its tests and examples may use.
    dev: &'static [&'static str],
}

const LAYERS: &[Layer] = &[
    Layer { folder: "models", normal: &[], dev: &[] },
    Layer { folder: "transport", normal: &[], dev: &[] },
    Layer { folder: "transport-contract", normal: &["transport"], dev: &[] },
    // Their tests run the contract.
    Layer { folder: "transport-hyper", normal: &["transport"], dev: &["transport-contract"] },
    Layer { folder: "transport-reqwest", normal: &["transport"], dev: &["transport-contract"] },
    Layer { folder: "transport-ureq", normal: &["transport"], dev: &["transport-contract"] },
    Layer { folder: "sdk", normal: &["models", "transport", "transport-hyper", "transport-ureq"], dev: &[] },
    // Its tests run whole sign-ins in memory.
    Layer { folder: "web", normal: &["sdk"], dev: &["emulator", "transport"] },
    // An application that depends on it has its own client, so only its tests name `sdk`.
    Layer { folder: "axum", normal: &["web"], dev: &["sdk", "emulator"] },
    // Neither `sdk` nor `models`: the emulator must not repeat their mistakes.
    Layer { folder: "emulator", normal: &["transport"], dev: &[] },
    // Its tests and examples use its own `testing`.
    Layer { folder: "login", normal: &["sdk"], dev: &["login"] },
    Layer { folder: "cli", normal: &["sdk", "login", "emulator"], dev: &[] },
    Layer {
        folder: "tests",
        normal: &[
            "models",
            "transport",
            "transport-contract",
            "transport-hyper",
            "transport-reqwest",
            "transport-ureq",
            "sdk",
            "web",
            "axum",
            "login",
            "emulator",
            "cli",
        ],
        dev: &[],
    },
    Layer { folder: "xtask", normal: &[], dev: &[] },
];

/// Dependencies that must be behind a feature.
const BY_FEATURE: &[(&str, &str)] = &[("sdk", "transport-hyper"), ("sdk", "transport-ureq")];

/// HTTP clients, async runtimes and TLS. Of the libraries, only the transports depend on any.
pub(crate) const NETWORK: &[&str] =
    &["async-std", "hyper", "hyper-rustls", "hyper-util", "reqwest", "rustls", "smol", "tokio", "ureq"];

/// Packages that must not name a crate of [`NETWORK`], and must have none in their tree without default features.
const OFFLINE: &[&str] = &[
    "openrouter-oauth-models",
    "openrouter-oauth-transport",
    "openrouter-oauth-transport-contract",
    "openrouter-oauth",
    "openrouter-oauth-web",
];

/// How many crates a package may add to those of the SDK, with itself.
struct Added {
    package: &'static str,
    /// The arguments of `cargo tree` for the SDK.
    sdk: &'static [&'static str],
    most: usize,
}

const ADDED: &[Added] = &[
    Added {
        package: "openrouter-oauth-web",
        sdk: &["-p", "openrouter-oauth", "--no-default-features"],
        most: 13,
    },
    // Over a client that can send requests.
    Added { package: "openrouter-oauth-axum", sdk: &["-p", "openrouter-oauth"], most: 20 },
];

/// The arguments of `cargo tree` for the SDK with its blocking client.
const BLOCKING: &[&str] = &["-p", "openrouter-oauth", "--no-default-features", "--features=blocking"];

/// The packages whose number of crates is limited, with the arguments of `cargo tree` for each.
const CRATE_LIMITS: &[(&str, &[&str], usize)] = &[
    ("openrouter-oauth-models", &["-p", "openrouter-oauth-models"], 23),
    // With TLS.
    ("openrouter-oauth with `blocking`", BLOCKING, 55),
];

/// Async runtimes, and HTTP clients that need one. The blocking client depends on none.
const ASYNC: &[&str] = &["async-std", "hyper", "hyper-rustls", "hyper-util", "reqwest", "smol", "tokio"];

pub(crate) fn run() -> Result {
    let packages = workspace::packages()?;
    fail_on(&[between_crates(&packages)?, import_cycles(&packages)?].concat())
}

fn between_crates(packages: &[Package]) -> Result<Vec<String>> {
    let mut findings = [unlisted(packages), names(packages)].concat();
    for package in OFFLINE {
        let tree = workspace::tree(&["-p", package, "--no-default-features"])?;
        findings.extend(present(package, NETWORK, &tree));
    }
    findings.extend(present("openrouter-oauth with `blocking`", ASYNC, &workspace::tree(BLOCKING)?));
    for (package, arguments, most) in CRATE_LIMITS {
        findings.extend(too_many(package, &workspace::tree(arguments)?, *most));
    }
    for added in ADDED {
        findings.extend(adds_too_many(
            added,
            &workspace::tree(added.sdk)?,
            &workspace::tree(&["-p", added.package])?,
        ));
    }
    Ok(findings)
}

/// Finds import cycles among the files of each library and program.
fn import_cycles(packages: &[Package]) -> Result<Vec<String>> {
    let read = |path: &Path| fs::read_to_string(process::root().join(path)).ok();
    let mut findings = Vec::new();
    for target in packages.iter().flat_map(|package| &package.targets) {
        if target.kind.iter().any(|kind| kind == "lib" || kind == "bin") {
            let root = target.src_path.strip_prefix(process::root()).unwrap_or(&target.src_path);
            findings.extend(cycles::find(root, &read)?);
        }
    }
    Ok(findings)
}

/// Finds dependencies that [`LAYERS`] does not list.
fn unlisted(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let from = package.folder();
        let Some(layer) = LAYERS.iter().find(|layer| layer.folder == from) else {
            findings.push(format!("{from}: has no row in xtask/src/layers.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(to) = packages.iter().find(|package| package.name == dependency.name) else {
                continue;
            };
            let to = to.folder();
            let is_allowed = layer.normal.contains(&to) || (dependency.is_dev() && layer.dev.contains(&to));
            if !is_allowed {
                findings.push(format!("{from}: must not depend on {to}"));
            }
            if BY_FEATURE.contains(&(from, to)) && !dependency.optional && !dependency.is_dev() {
                findings.push(format!("{from}: may depend on {to} only behind a feature"));
            }
        }
    }
    findings
}

/// Finds crates of [`NETWORK`] that a package of [`OFFLINE`] names, even behind a feature. Its tests may name them.
fn names(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let is_named = NETWORK.contains(&dependency.name.as_str()) && !dependency.is_dev();
            if is_named && OFFLINE.contains(&package.name.as_str()) {
                findings.push(format!("{}: must not name {}", package.folder(), dependency.name));
            }
        }
    }
    findings
}

/// Finds the `unwanted` crates in the tree of a package, whose lines are `name version`.
pub(crate) fn present(package: &str, unwanted: &[&str], tree: &[String]) -> Vec<String> {
    let is_unwanted = |line: &&String| unwanted.iter().any(|name| line.split(' ').next() == Some(*name));
    tree.iter()
        .filter(is_unwanted)
        .map(|line| format!("{package}: its dependencies include {line}"))
        .collect()
}

/// Checks the number of crates in the tree of a package.
fn too_many(package: &str, tree: &[String], most: usize) -> Option<String> {
    let count = tree.len();
    (count > most).then(|| format!("{package}: consists of {count} crates, the limit is {most}"))
}

/// Checks the number of crates that are in the tree of a package, and not in that of the SDK.
fn adds_too_many(added: &Added, sdk: &[String], tree: &[String]) -> Option<String> {
    let Added { package, most, .. } = added;
    let count = tree.iter().filter(|line| !sdk.contains(line)).count();
    (count > *most).then(|| format!("{package}: adds {count} crates to the SDK, the limit is {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    #[test]
    fn dependencies_point_one_way() {
        assert_eq!(between_crates(&workspace::packages().unwrap()).unwrap(), [""; 0]);
    }

    #[test]
    fn files_do_not_import_each_other_in_a_cycle() {
        let cycles = import_cycles(&workspace::packages().unwrap()).unwrap();
        assert!(cycles.is_empty(), "{}", cycles.join("\n"));
    }

    fn package(folder: &str, dependencies: &[Dependency]) -> Package {
        Package {
            name: format!("openrouter-oauth-{folder}"),
            manifest_path: format!("/repository/crates/{folder}/Cargo.toml").into(),
            dependencies: dependencies.to_vec(),
            ..Package::default()
        }
    }

    fn on(name: &str) -> Dependency {
        Dependency { name: name.into(), ..Dependency::default() }
    }

    fn in_tests(dependency: Dependency) -> Dependency {
        Dependency { kind: Some("dev".into()), ..dependency }
    }

    fn optional(dependency: Dependency) -> Dependency {
        Dependency { optional: true, ..dependency }
    }

    #[test]
    fn unlisted_dependency_is_found() {
        let finding = |from, dependency| unlisted(&[package("models", &[]), package(from, &[dependency])]);
        let models = on("openrouter-oauth-models");
        assert_eq!(finding("emulator", models.clone()), ["emulator: must not depend on models"]);
        assert_eq!(finding("xtask", in_tests(models.clone())), ["xtask: must not depend on models"]);
        assert_eq!(finding("new", models.clone()), ["new: has no row in xtask/src/layers.rs"]);
        assert_eq!(finding("sdk", models), [""; 0]);
    }

    #[test]
    fn library_may_not_use_a_dependency_of_its_tests() {
        let finding = |dependency| {
            unlisted(&[package("transport-contract", &[]), package("transport-hyper", &[dependency])])
        };
        let contract = on("openrouter-oauth-transport-contract");
        assert_eq!(finding(in_tests(contract.clone())), [""; 0]);
        assert_eq!(finding(contract), ["transport-hyper: must not depend on transport-contract"]);
    }

    #[test]
    fn transport_without_a_feature_is_found() {
        let finding =
            |dependency| unlisted(&[package("transport-hyper", &[]), package("sdk", &[dependency])]);
        let hyper = on("openrouter-oauth-transport-hyper");
        assert_eq!(finding(in_tests(hyper.clone())), [""; 0]);
        assert_eq!(finding(hyper.clone()), ["sdk: may depend on transport-hyper only behind a feature"]);
        assert_eq!(finding(optional(hyper)), [""; 0]);
    }

    #[test]
    fn library_may_use_a_runtime_only_in_its_tests() {
        let finding = |dependency| names(&[package("models", &[dependency])]);
        assert_eq!(finding(optional(on("tokio"))), ["models: must not name tokio"]);
        assert_eq!(finding(in_tests(on("tokio"))), [""; 0]);
    }

    #[test]
    fn unwanted_crate_is_matched_by_its_whole_name() {
        let tree = ["hyper-util v0.1.21".to_owned(), "tokio-like v1.0.0".to_owned()];
        assert_eq!(present("mine", NETWORK, &tree), ["mine: its dependencies include hyper-util v0.1.21"]);
    }

    #[test]
    fn excess_crate_is_found() {
        let finding = |count| too_many("mine", &vec![String::new(); count], 2);
        assert_eq!(finding(2), None);
        assert_eq!(finding(3).as_deref(), Some("mine: consists of 3 crates, the limit is 2"));
    }

    #[test]
    fn excess_crate_over_the_sdk_is_found() {
        let added = Added { package: "mine", sdk: &[], most: 1 };
        let tree = |names: &str| names.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(adds_too_many(&added, &tree("sdk http"), &tree("sdk http mine")), None);
        let finding = adds_too_many(&added, &tree("sdk http"), &tree("http axum mine"));
        assert_eq!(finding.as_deref(), Some("mine: adds 2 crates to the SDK, the limit is 1"));
    }
}
