//! `features`: compiles each published library that has features with each of them alone, and with none. Denies warnings.
//!
//! The default features are left out, because `package` compiles every package with them, and those of [`ELSEWHERE`].
//! Tests and examples are left out, because their dependencies would enable features that a user's build lacks. `lint`
//! runs clippy with all features.

use crate::{
    process,
    result::{Result, fail_on},
    workspace::{self, Package},
};

/// Features with many dependencies. `lint` compiles both, the step `keychain` the first, and `tests/consumers/web` the
/// second, but next to features of tests or of other packages, which may hide that these lack something.
const ELSEWHERE: &[&str] = &["keychain", "redis"];

pub(crate) fn run() -> Result {
    let mut errors = Vec::new();
    for package in workspace::published()?.into_iter().filter(Package::is_library) {
        for features in feature_sets(&package) {
            let mut command = process::cargo(["check", "--quiet", "--color=never", "-p", &package.name]);
            errors.extend(process::run_without_warnings(command.args(features)).err());
        }
    }
    fail_on(&errors.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn feature_sets(package: &Package) -> Vec<Vec<String>> {
    if package.features.is_empty() {
        return vec![];
    }
    let none = vec!["--no-default-features".to_owned()];
    let is_checked = |feature: &&String| *feature != "default" && !ELSEWHERE.contains(&feature.as_str());
    let single = package.features.keys().filter(is_checked).map(|feature| {
        let mut set = none.clone();
        set.push(format!("--features={feature}"));
        set
    });
    [none.clone()].into_iter().chain(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_is_checked_with_no_feature_and_each_alone() {
        let features = [("default".to_owned(), vec!["ring".to_owned()]), ("ring".to_owned(), vec![])];
        let package = Package { features: features.into(), ..Package::default() };
        let sets: Vec<_> = feature_sets(&package).iter().map(|set| set.join(" ")).collect();
        assert_eq!(sets, ["--no-default-features", "--no-default-features --features=ring"]);
        assert!(feature_sets(&Package::default()).is_empty());
    }
}
