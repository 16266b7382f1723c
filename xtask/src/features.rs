//! `features`: compiles each published package with each of its features alone, and with none. Denies warnings.
//!
//! The default features are left out, because other steps compile every package with them.
//! Tests and examples are left out, because their dependencies would enable features that a user's build lacks. `lint`
//! runs clippy with all features.

use crate::{
    process,
    result::{Result, fail_on},
    workspace::{self, Package},
};

pub(crate) fn run() -> Result {
    let mut errors = Vec::new();
    for package in workspace::published()? {
        for features in feature_sets(&package) {
            let mut command = process::cargo(["check", "--quiet", "--color=never", "-p", &package.name]);
            errors.extend(process::run_without_warnings(command.args(features)).err());
        }
    }
    fail_on(&errors.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn feature_sets(package: &Package) -> Vec<Vec<String>> {
    let none = vec!["--no-default-features".to_owned()];
    let single = package.features.keys().filter(|feature| *feature != "default").map(|feature| {
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
        assert_eq!(sets, ["--no-default-features", "--no-default-features --features=ring",]);
    }
}
