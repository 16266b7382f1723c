//! `fuzz`: runs each target of `tests/fuzz`, or only the named one, for a number of seconds with cargo-fuzz
//! (libFuzzer).
//!
//! A run starts from the seeds in `tests/fuzz/corpus` and the inputs that earlier runs left in the build folder. It
//! saves a failing input in `tests/fuzz/regressions`, where `cargo test` fails with it until the bug is fixed.

use std::{
    ffi::OsString,
    fmt, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::Stdio,
    time::Instant,
};

use crate::{process, result::Result};

/// Installs the release that the targets were tested with.
const INSTALL: &str = "cargo install --locked cargo-fuzz@0.13.2";

/// How long each target runs by default.
const SECONDS: u32 = 30;

/// Turns the sanitizer off: our crates have no unsafe code for it to check, and without it the stable compiler is
/// enough.
const SANITIZER: &str = "--sanitizer=none";

/// The statistics that libFuzzer prints at the end of a run.
#[derive(Debug, Default, PartialEq)]
struct Stats {
    executions: u64,
    /// Code edges that the run reached.
    coverage: u64,
    /// Inputs that each reach code that no other does.
    corpus: u64,
}

pub(crate) fn run(arguments: &[&str]) -> Result {
    let all = targets()?;
    let (targets, seconds) = select(&all, arguments)?;
    process::require("cargo", &["fuzz", "--version"], INSTALL)?;
    process::require("c++", &["--version"], "apt-get install g++")?;

    let start = Instant::now();
    let mut executions = 0;
    let mut failed = Vec::new();
    println!("{:>12} {:>9} {:>7} {:>9}  target", "executions", "coverage", "corpus", "failures");
    for target in &targets {
        let (stats, passed) = fuzz(target, seconds)?;
        println!("{stats} {:>9}  {target}", u8::from(!passed));
        executions += stats.executions;
        failed.extend((!passed).then_some(*target));
    }
    println!(
        "fuzz: {} targets, {executions} executions, {} failures, {:.1} s",
        targets.len(),
        failed.len(),
        start.elapsed().as_secs_f64()
    );
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("{} failed; the inputs are in tests/fuzz/regressions", failed.join(", ")).into())
}

/// Parses `[TARGET] [SECONDS]`: the targets to run, and how long to run each.
fn select<'a>(all: &'a [String], arguments: &[&str]) -> Result<(Vec<&'a str>, u32)> {
    let (target, seconds) = match arguments {
        [] => (None, None),
        [only] if only.bytes().all(|byte| byte.is_ascii_digit()) => (None, Some(only)),
        [target] => (Some(target), None),
        [target, seconds] => (Some(target), Some(seconds)),
        _ => return Err("expected at most a target and a number of seconds".into()),
    };
    let seconds = match seconds {
        // 0 would make libFuzzer run forever.
        Some(text) => {
            text.parse().ok().filter(|seconds| *seconds > 0).ok_or("SECONDS must be a positive number")?
        }
        None => SECONDS,
    };
    let wanted = all.iter().map(String::as_str).filter(|name| target.is_none_or(|target| target == name));
    let targets: Vec<_> = wanted.collect();
    if targets.is_empty() {
        return Err(format!("no such target; the targets are {}", all.join(", ")).into());
    }
    Ok((targets, seconds))
}

/// Lists all targets: the files in `tests/fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(package().join("fuzz_targets"))? {
        let name = entry?.file_name();
        targets.extend(name.to_string_lossy().strip_suffix(".rs").map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

fn package() -> PathBuf {
    process::root().join("tests/fuzz")
}

/// Runs one target, and returns whether it passed. Shows libFuzzer's output only if it failed.
fn fuzz(target: &str, seconds: u32) -> Result<(Stats, bool)> {
    let folder = process::target("fuzz");
    let found = folder.join("corpus").join(target);
    let seeds = package().join("corpus").join(target);
    let regressions = package().join("regressions").join(target);
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&regressions)?;

    let mut command = process::cargo(["fuzz", "run", SANITIZER, "--fuzz-dir"]);
    command.arg(package()).arg(target);
    // libFuzzer writes to the first folder.
    command.args([found, seeds]).arg("--");
    command.arg(format!("-max_total_time={seconds}"));
    command.args(["-print_final_stats=1", "-timeout=5", "-rss_limit_mb=1024"]);
    let mut prefix = OsString::from("-artifact_prefix=");
    prefix.push(regressions.join(""));
    let mut child = command
        .arg(prefix)
        .env("CARGO_TARGET_DIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = Vec::new();
    for line in child.stderr.take().map(BufReader::new).into_iter().flat_map(|output| output.split(b'\n')) {
        lines.push(String::from_utf8_lossy(&line?).into_owned());
    }
    let passed = child.wait()?.success();
    // Fails unless the folder is empty, so it keeps a failing input.
    let _ = fs::remove_dir(&regressions);
    if !passed {
        eprintln!("{}", lines.join("\n"));
    }
    let stats = read(&lines).ok_or_else(|| format!("{target} did not run"))?;
    Ok((stats, passed))
}

/// Parses the last `#123 DONE cov: 45 ft: 67 corp: 8/90b …`, and `stat::number_of_executed_units: 123`.
fn read(lines: &[String]) -> Option<Stats> {
    let after = |name: &str| {
        let rest = lines.iter().rev().find_map(|line| Some(line.split_once(name)?.1))?;
        rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    Some(Stats {
        executions: after("stat::number_of_executed_units:")?,
        coverage: after(" cov: ").unwrap_or_default(),
        corpus: after(" corp: ").unwrap_or_default(),
    })
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, coverage, corpus } = self;
        write!(f, "{executions:>12} {coverage:>9} {corpus:>7}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_targets_or_seconds() {
        let all = ["callback".to_owned(), "timestamp".to_owned()];
        let check = |arguments: &[&str], expected: (&[&str], u32)| {
            assert_eq!(select(&all, arguments).unwrap(), (expected.0.to_vec(), expected.1));
        };
        check(&[], (&["callback", "timestamp"], SECONDS));
        check(&["60"], (&["callback", "timestamp"], 60));
        check(&["timestamp"], (&["timestamp"], SECONDS));
        check(&["timestamp", "60"], (&["timestamp"], 60));
        for wrong in [&["time"][..], &["timestamp", "long"], &["0"], &["callback", "timestamp", "60"]] {
            assert!(select(&all, wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn libfuzzer_output_is_parsed() {
        let lines = [
            "#12\tNEW    cov: 30 ft: 40 corp: 5/60b lim: 4 exec/s: 0 rss: 30Mb L: 2/2 MS: 1",
            "#1234\tDONE   cov: 345 ft: 678 corp: 90/12Kb lim: 400 exec/s: 100 rss: 40Mb",
            "Done 1234 runs in 11 second(s)",
            "stat::number_of_executed_units: 1234",
            "stat::average_exec_per_sec:     112",
        ];
        let stats = Stats { executions: 1234, coverage: 345, corpus: 90 };
        assert_eq!(read(&lines.map(str::to_owned)), Some(stats));
        assert_eq!(read(&["error: could not compile".to_owned()]), None);
    }

    #[test]
    fn each_target_is_a_program_of_the_package() {
        let manifest = fs::read_to_string(package().join("Cargo.toml")).unwrap();
        for target in targets().unwrap() {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target}");
        }
    }
}
