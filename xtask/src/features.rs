//! `features`: runs clippy on each package with each of its features alone, and with none.
//!
//! Tests and examples are left out, because their dependencies would enable features that a user's build lacks. Clippy
//! reports the same errors as `cargo check`, and warnings as well.

use crate::{lint, result::Result, workspace::Package};

pub(crate) fn run() -> Result {
    lint::clippy(&[], feature_sets)
}

fn feature_sets(package: &Package) -> Vec<Vec<String>> {
    let none = vec!["--no-default-features".to_owned()];
    let single = package.features.keys().map(|feature| {
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
        assert_eq!(
            sets,
            [
                "--no-default-features",
                "--no-default-features --features=default",
                "--no-default-features --features=ring",
            ]
        );
    }
}
