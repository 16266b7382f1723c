//! `lint`: runs clippy on all targets of each package and denies warnings.
//!
//! Runs it once per package, because in a run over the whole workspace one package enables features of another.

use crate::{
    process,
    result::Result,
    workspace::{self, Package},
};

pub(crate) fn run() -> Result {
    clippy(&["--all-targets"], feature_sets)
}

/// Runs clippy on each package with each of its feature sets, which are cargo arguments.
pub(crate) fn clippy(targets: &[&str], feature_sets: fn(&Package) -> Vec<Vec<String>>) -> Result {
    let mut commands = Vec::new();
    for package in workspace::packages()? {
        for features in feature_sets(&package) {
            let mut command = process::cargo(["clippy", "--quiet", "-p", &package.name]);
            command.args(targets).args(features).args(["--", "-D", "warnings"]);
            commands.push(command);
        }
    }
    process::run_all(commands)
}

/// Returns the default features, none, and all, without duplicates.
fn feature_sets(package: &Package) -> Vec<Vec<String>> {
    let default = package.features.get("default").map_or(&[][..], Vec::as_slice);
    let is_off = |feature: &String| feature != "default" && !default.contains(feature);
    let mut sets = vec![vec![]];
    if !default.is_empty() {
        sets.push(vec!["--no-default-features".to_owned()]);
    }
    if package.features.keys().any(is_off) {
        sets.push(vec!["--all-features".to_owned()]);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(features: &[(&str, &[&str])], expected: &[&str]) {
        let features = features.iter().map(|(name, on)| {
            let on = on.iter().map(ToString::to_string).collect();
            (name.to_string(), on)
        });
        let package = Package { features: features.collect(), ..Package::default() };
        let sets: Vec<_> = feature_sets(&package).iter().map(|set| set.join(" ")).collect();
        assert_eq!(sets, expected);
    }

    #[test]
    fn package_is_linted_with_each_distinct_feature_set() {
        check(&[], &[""]);
        check(&[("testing", &[])], &["", "--all-features"]);
        check(&[("default", &["hyper"]), ("hyper", &[])], &["", "--no-default-features"]);
        check(
            &[("default", &["ring"]), ("ring", &[]), ("aws-lc-rs", &[])],
            &["", "--no-default-features", "--all-features"],
        );
    }
}
