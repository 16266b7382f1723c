//! Runs the fuzz targets on every seed, every regression, and random bytes.
//!
//! `cargo xtask fuzz` starts from the same seeds, and saves a failing input in `tests/fuzz/regressions`.

use std::{fs, panic, path::Path};

use openrouter_oauth_tests::fuzzed::TARGETS;
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    sample::{Index, select},
    test_runner::{Config, TestCaseError, TestRunner},
};

#[test]
fn every_seed_and_regression_passes() {
    for (name, target) in TARGETS {
        let [seeds, regressions] = ["corpus", "regressions"].map(|kind| files(&format!("{kind}/{name}")));
        assert!((10..=30).contains(&seeds.len()), "{name} has {} seeds", seeds.len());
        for (file, data) in seeds.iter().chain(&regressions) {
            let passed = panic::catch_unwind(|| target(data));
            assert!(passed.is_ok(), "{file} fails");
        }
    }
}

#[test]
fn every_target_accepts_random_bytes() {
    for (name, target) in TARGETS {
        run(name, target, &vec(any::<u8>(), 0..300));
    }
}

#[test]
fn every_target_accepts_mutated_seeds() {
    for (name, target) in TARGETS {
        let seeds: Vec<_> = files(&format!("corpus/{name}")).into_iter().map(|(_, data)| data).collect();
        run(name, target, &mutated(seeds));
    }
}

#[test]
fn every_target_has_a_fuzz_program() {
    let targets = TARGETS.map(|(name, _)| format!("{name}.rs"));
    let programs: Vec<_> = files("fuzz_targets").into_iter().map(|(file, _)| file).collect();
    assert_eq!(programs, targets.map(|file| format!("fuzz_targets/{file}")));
}

/// Runs a few hundred cases of one target.
fn run(name: &str, target: fn(&[u8]), inputs: &impl Strategy<Value = Vec<u8>>) {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(inputs, |data| {
        panic::catch_unwind(|| target(&data))
            .map_err(|_| TestCaseError::fail(data.escape_ascii().to_string()))
    });
    assert!(result.is_ok(), "{name}: {}", result.unwrap_err());
}

/// Generates the beginning of one seed, a few bytes, and the end of another seed.
fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let seed = select(seeds);
    let parts = (seed.clone(), any::<Index>(), vec(any::<u8>(), 0..4), seed, any::<Index>());
    parts.prop_map(|(first, end, between, last, begin)| {
        let first = &first[..end.index(first.len() + 1)];
        let last = &last[begin.index(last.len() + 1)..];
        [first, &between, last].concat()
    })
}

/// Returns the files of a folder of `tests/fuzz`, sorted by path. Empty if there is no such folder.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz"));
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            (format!("{folder}/{name}"), fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}
